-- What several tests look at.

-- Each request, and whether there was no other for its page before it was over.
CREATE TEMP VIEW requests AS SELECT r.id, NOT EXISTS (SELECT 1 FROM page_request o WHERE o.object = r.object AND o.page = r.page
		AND o.id > r.id AND o.id < ifnull((SELECT min(d.id) FROM page_request_done d WHERE d.flow = r.flow AND d.kind = r.kind
			AND d.id > r.id), 1 << 60)) AS ok,
	printf('page %d of object %d is asked for again while it is on its way', r.page, r.object) AS what
	FROM page_request r;

-- What readers found in a page.
CREATE TEMP VIEW found AS SELECT id, name = 'right' AS ok, 'page ' || value || ' has something else in it' AS what
	FROM mark_instant WHERE name IN ('right', 'wrong');

-- Each wait for a page, and whether it came to an end.
CREATE TEMP VIEW waits AS SELECT w.id, EXISTS (SELECT 1 FROM fault_resume r WHERE r.flow = w.flow AND r.thread = w.thread
		AND r.request = w.request AND r.id > w.id) AS ok,
	printf('thread %d waits for page %d of object %d, and never goes on', w.thread, w.page, w.object) AS what
	FROM fault_wait w;
