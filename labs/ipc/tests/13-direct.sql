-- title: A call to a server that waits goes straight to it: most are the next to run on the CPU of the caller
-- points: 0
-- level: challenge
-- run: pairs
-- hint: sched_hand_over() and sched_wake() differ in who runs next.
SELECT 2 * sum(t.next = h.receiver) >= count(*) AS ok, sum(t.next = h.receiver) || ' of ' || count(*) || ' calls that were handed over' AS what
FROM calls c JOIN handed_over h ON h.id = c.id
  JOIN thread_switch t ON t.id = (SELECT min(n.id) FROM thread_switch n WHERE n.cpu = h.cpu AND n.id > h.id)
