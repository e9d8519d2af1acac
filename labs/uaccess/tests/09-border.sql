-- title: A copy faults once, at the first byte that is not there
-- points: 3
-- level: stress
-- run: edge
-- least: 170
-- hint: count the uaccess_fault of one call; where does each of them begin?
SELECT s.id,
  (SELECT count(*) FROM uaccess_fault u WHERE u.thread = s.thread AND u.id BETWEEN s.id AND s.end_id) = 1
    AND (SELECT max(u.address % 4096) FROM uaccess_fault u WHERE u.thread = s.thread AND u.id BETWEEN s.id AND s.end_id) = 0 AS ok,
  s.number || ': ' || (SELECT count(*) FROM uaccess_fault u WHERE u.thread = s.thread AND u.id BETWEEN s.id AND s.end_id) || ' faults' AS what
FROM mark m JOIN syscall s ON s.thread = m.thread AND s.id BETWEEN m.id AND m.end_id AND s.number IN ('object_read', 'object_write')
WHERE m.name = 'edge' ORDER BY s.id
