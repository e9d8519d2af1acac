-- title: A CPU that has something to free asks for a grace period before it is back in user mode
-- points: 2
-- level: warm-up
-- run: alone
-- hint: The first callback waits in `next`; once `current` is free it moves there, and own->period and `wanted` say for which period it waits.
SELECT c.id, EXISTS (SELECT 1 FROM rcu_request r WHERE r.cpu = c.cpu AND r.id > c.id
                       AND r.id < (SELECT min(s.id) FROM syscall_enter s WHERE s.cpu = c.cpu AND s.id > c.id)) AS ok,
       'the first rcu_call of CPU ' || c.cpu || ' is followed by an rcu_request of that CPU' AS what
  FROM (SELECT min(id) AS id, cpu FROM rcu_call GROUP BY cpu) c
