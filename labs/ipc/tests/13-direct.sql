-- title: A call to a server that waits goes straight to it: most are the next to run on the CPU of the caller
-- points: 0
-- level: challenge
-- run: pairs
-- hint: sched_hand_over() and sched_wake() differ in who runs next.
SELECT 2 * sum(t.next = r.thread) >= count(*) AS ok, sum(t.next = r.thread) || ' of ' || count(*) || ' calls that were handed over' AS what
FROM ipc_send s JOIN ipc_receive r ON r.flow = s.flow AND r.cpu = s.cpu AND r.seq BETWEEN s.seq + 1 AND s.seq + 3
  JOIN syscall c ON c.number = 'ipc_call' AND c.thread = s.thread AND s.id BETWEEN c.id AND c.end_id
  JOIN thread_switch t ON t.id = (SELECT min(n.id) FROM thread_switch n WHERE n.cpu = s.cpu AND n.id > s.id)
