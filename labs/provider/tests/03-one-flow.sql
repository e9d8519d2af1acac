-- title: Fault, request, message, answer and translation are one flow
-- points: 4
-- level: core
-- run: shelf
-- least: 12
-- credit: share
-- hint: vitrine explain of the fault shows how far its flow goes; what ought to come next?

WITH asked AS (SELECT f.id, f.flow, f.address, f.thread, f.dur FROM fault f WHERE EXISTS (SELECT 1 FROM page_request r WHERE r.flow = f.flow AND r.kind = 'read')),
	step AS (SELECT a.*, (SELECT min(r.id) FROM page_request r WHERE r.flow = a.flow) AS request,
		(SELECT min(s.id) FROM ipc_send s WHERE s.flow = a.flow) AS sent,
		(SELECT min(s.id) FROM ipc_receive s WHERE s.flow = a.flow) AS received,
		(SELECT min(s.id) FROM ipc_reply s WHERE s.flow = a.flow) AS answered,
		(SELECT min(d.id) FROM page_request_done d WHERE d.flow = a.flow) AS done,
		(SELECT min(s.id) FROM fault_resume s WHERE s.flow = a.flow) AS resumed,
		(SELECT min(e.id) FROM fault_end e WHERE e.flow = a.flow AND e.result = 'the provider brought the page') AS end FROM asked a)
SELECT id, id < request AND request < sent AND sent < received AND received < answered AND answered < done AND done < resumed AND resumed < end
	AND EXISTS (SELECT 1 FROM mmu_map m WHERE m.address = step.address / 4096 * 4096 AND m.id BETWEEN resumed AND end) IS 1 AS ok,
	printf('thread %d at 0x%x: %s', thread, address, CASE WHEN sent IS NULL THEN 'no message is sent' WHEN received IS NULL THEN 'nobody receives the message'
		WHEN answered IS NULL THEN 'nobody answers' WHEN done IS NULL THEN 'the request is never over' WHEN resumed IS NULL THEN 'the thread never goes on'
		WHEN end IS NULL THEN 'the fault does not end well' ELSE 'the steps are in a wrong order' END) AS what
FROM step ORDER BY id
