-- title: stress: twelve readers on four CPUs and forty pages: nobody is forgotten, no page is asked for twice
-- points: 3
-- level: stress
-- run: crowd
-- least: 300
-- hint: What two CPUs may do at once is what the object's lock is for.

SELECT w.id, EXISTS (SELECT 1 FROM fault_resume r WHERE r.flow = w.flow AND r.request = w.request AND r.id > w.id) AS ok,
	printf('thread %d waits for page %d, and never goes on', w.thread, w.page) AS what FROM fault_wait w
UNION ALL
SELECT id, name = 'right', 'page ' || value || ' has something else in it' FROM mark_instant WHERE name IN ('right', 'wrong')
UNION ALL
SELECT r.id, NOT EXISTS (SELECT 1 FROM page_request o WHERE o.object = r.object AND o.page = r.page AND o.id > r.id AND o.id <
		ifnull((SELECT min(d.id) FROM page_request_done d WHERE d.flow = r.flow AND d.kind = r.kind AND d.id > r.id), 1 << 60)),
	printf('page %d of object %d is asked for again while it is on its way', r.page, r.object) FROM page_request r ORDER BY 1
