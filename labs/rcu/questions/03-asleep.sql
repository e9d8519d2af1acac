-- ask: In your run `readers` on POWER: through how many grace periods did CPU 3 sleep, without being woken for them?
-- kind: answer
-- points: 1
-- run: readers
-- machine: ppc64
-- hint: rcu_quiescent has the field cause.
SELECT count(*) FROM rcu_quiescent WHERE field_cpu = 3 AND cause = 'idle all the time, and not woken'
