-- title: Everybody who waits for a page goes on when it has come
-- points: 4
-- level: core
-- run: shelf
-- least: 20
-- hint: There is one request, and a queue of those who wait for it: release_waiters() takes all of them.

SELECT w.id, EXISTS (SELECT 1 FROM fault_resume r WHERE r.flow = w.flow AND r.thread = w.thread AND r.request = w.request AND r.id > w.id) AS ok,
	printf('thread %d waits for page %d of object %d, and never goes on', w.thread, w.page, w.object) AS what
FROM fault_wait w
UNION ALL
SELECT NULL, max(waiters) >= 2, 'no two threads ever wait for the same page' FROM fault_wait ORDER BY 1
