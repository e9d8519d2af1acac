-- title: A system call that has to wait for a page is made again, and then succeeds
-- points: 3
-- level: core
-- run: absent
-- least: 8
-- hint: RETRY is a status like others: it goes back to who called.
SELECT u.id, n.number = u.number AND NOT (n.status = 'FAULT') AS ok,
  'thread ' || u.thread || ' waits in ' || u.number || ', and then calls ' || ifnull(n.number || ': ' || n.status, 'nothing more') AS what
FROM uaccess_retry u LEFT JOIN syscall n ON n.id = (SELECT min(e.id) FROM syscall_enter e WHERE e.id > u.id AND e.thread = u.thread)
ORDER BY u.id
