-- title: A short copy into memory that is there takes less than 900 instructions, the system call included
-- points: 0
-- level: challenge
-- run: whole
-- least: 20
-- hint: a fault that does not happen costs nothing: ask nothing beforehand.
SELECT s.id, s.dur < 900 AS ok, 'object_read takes ' || s.dur || ' instructions' AS what
FROM syscall s JOIN thread t ON t.thread = s.thread
WHERE s.number = 'object_read' AND s.status = 'OK' AND t.process_name = 'reach' AND NOT EXISTS (SELECT 1 FROM irq_enter i WHERE i.cpu = s.cpu AND i.id BETWEEN s.id AND s.end_id)
ORDER BY s.id
