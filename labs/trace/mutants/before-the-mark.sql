-- mutant: the first fault of the thread is taken, which came before it began to wash
-- fails: first-fault
-- run: kitchen-x86_64-1
SELECT * FROM (SELECT 'first-fault', dur FROM fault JOIN thread t USING (thread) WHERE t.name = 'dishwasher' ORDER BY id LIMIT 1)
