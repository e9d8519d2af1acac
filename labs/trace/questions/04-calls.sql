-- ask: How many calls did the pantry answer on POWER?
-- points: 1
-- run: kitchen
-- machine: ppc64
-- hint: Each answer is an event ipc_reply of the thread that answers.
SELECT count(*) FROM ipc_reply r JOIN thread t USING (thread) WHERE t.name = 'pantry'
