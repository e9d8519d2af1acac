-- title: With one CPU, what is given up is freed once, and soon
-- points: 3
-- level: warm-up
-- run: alone
-- least: 40
-- hint: The CPU that begins a period is quiescent itself; if it waits for no other the period is over at once, and call_done() frees what has waited for it.
SELECT c.id, (SELECT count(*) FROM rcu_free f WHERE f.flow = c.flow) = 1
         AND (SELECT count(*) FROM rcu_free f WHERE f.flow = c.flow AND f.id < n.id) = 1 AS ok,
       c.kind || ' ' || c.object || ' is freed once, before the CPU takes its next system call but one' AS what
  FROM rcu_call c JOIN mark_begin b ON c.id > b.id AND b.name = 'close' JOIN mark_end e ON c.id < e.id AND e.name = 'close'
  JOIN (SELECT id, lead(id, 1) OVER (ORDER BY id) AS next_id FROM syscall_enter) n
    ON n.id = (SELECT s.id FROM syscall_enter s WHERE s.id > c.id ORDER BY s.id LIMIT 1 OFFSET 1)
 ORDER BY c.id
