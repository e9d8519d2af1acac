-- title: A missing page is asked for: a request, and a message to its provider
-- points: 2
-- level: warm-up
-- run: start
-- least: 2
-- hint: ask() makes the request, with the object's lock; request_send() sends its message, later and without.

SELECT r.id, EXISTS (SELECT 1 FROM ipc_send s WHERE s.flow = r.flow AND s.endpoint = r.endpoint AND s.id > r.id) AS ok,
	printf('page %d of object %d is wanted, and endpoint %d gets no message', r.page, r.object, r.endpoint) AS what
FROM page_request r ORDER BY r.id
