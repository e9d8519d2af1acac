-- title: There is one request at a time for a page
-- points: 3
-- level: core
-- run: shelf
-- least: 15
-- hint: A slot that is READING says that the page is on its way: who comes then waits for that request.

SELECT r.id, NOT EXISTS (SELECT 1 FROM page_request o WHERE o.object = r.object AND o.page = r.page AND o.id > r.id AND o.id <
		ifnull((SELECT min(d.id) FROM page_request_done d WHERE d.flow = r.flow AND d.kind = r.kind AND d.id > r.id), 1 << 60)) AS ok,
	printf('page %d of object %d is asked for again while it is on its way', r.page, r.object) AS what
FROM page_request r ORDER BY r.id
