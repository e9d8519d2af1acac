-- ask: What is the longest time, in nanoseconds, from the rcu_call of a handle to its rcu_free, in the run race on x86-64?
-- points: 1
-- run: race
-- machine: x86_64
-- hint: flow is the same in both.
SELECT max(f.ts - c.ts) FROM rcu_call c JOIN rcu_free f ON f.flow = c.flow WHERE c.kind = 'a handle'
