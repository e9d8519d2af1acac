-- title: challenge: from the answer to the first thread that goes on, no other event of this CPU is in between but those of the answer itself
-- points: 0
-- level: challenge
-- run: shelf
-- least: 10
-- hint: Which work could wait until those who waited are on their way?

SELECT d.id, (SELECT count(*) FROM event e WHERE e.cpu = d.cpu AND e.id > d.id AND e.id < r.id AND e.category IN ('fault', 'vm', 'mmu', 'ipc', 'mem')) <= 2 AS ok, 'much happens before thread ' || r.thread || ' goes on' AS what
FROM page_request_done d JOIN fault_resume r ON r.id = (SELECT min(id) FROM fault_resume WHERE request = d.flow AND id > d.id) ORDER BY d.id
