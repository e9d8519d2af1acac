-- title: stress: whatever a request ends with, it ends, and its page is as if nobody had asked
-- points: 3
-- level: stress
-- run: failures
-- least: 8
-- hint: A page that could not be brought: READING, and then?

SELECT r.id, (SELECT c.field_to FROM slot_change c WHERE c.object = r.object AND c.page = r.page AND c.id > d.id - 8 AND c.flow = r.flow ORDER BY c.id DESC LIMIT 1)
		= CASE d.status WHEN 'OK' THEN 'present, clean' ELSE 'absent' END AS ok,
	printf('page %d of object %d: the request ends with %s, and the page is not %s', r.page, r.object, ifnull(d.status, 'nothing'),
		CASE d.status WHEN 'OK' THEN 'present' ELSE 'absent' END) AS what
FROM page_request r LEFT JOIN page_request_done d ON d.flow = r.flow AND d.kind = r.kind AND d.id > r.id WHERE r.kind = 'read' ORDER BY r.id
