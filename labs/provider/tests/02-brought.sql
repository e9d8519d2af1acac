-- title: An answer makes the page present, once
-- points: 3
-- level: warm-up
-- run: start
-- least: 2
-- hint: slot_after() says what the slot is to be; object_slot_set() sets it and tells the trace.

SELECT r.id, (SELECT count(*) FROM page_request_done d WHERE d.flow = r.flow AND d.status = 'OK') = 1
	AND EXISTS (SELECT 1 FROM slot_change c WHERE c.object = r.object AND c.page = r.page AND c.field_to = 'present, clean' AND c.id > r.id) AS ok,
	printf('page %d of object %d is asked for, and %s', r.page, r.object, CASE WHEN EXISTS (SELECT 1 FROM page_request_done d WHERE d.flow = r.flow)
		THEN 'answered, but not present, or answered twice' ELSE 'the request is never over' END) AS what
FROM page_request r WHERE r.kind = 'read' ORDER BY r.id
