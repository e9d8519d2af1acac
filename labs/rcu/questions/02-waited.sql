-- ask: In your run `readers` on x86-64: how many nanoseconds passed from the rcu_call of the last object that was closed under a reader to its rcu_free?
-- kind: answer
-- points: 1
-- run: readers
-- machine: x86_64
-- hint: The last mark `close`; after it, the first rcu_call of the kind `an object`; its flow leads to the rcu_free.
SELECT f.ts - c.ts FROM rcu_call c JOIN rcu_free f ON f.flow = c.flow
 WHERE c.kind = 'an object' AND c.id > (SELECT max(id) FROM mark_instant WHERE name = 'close') ORDER BY c.id LIMIT 1
