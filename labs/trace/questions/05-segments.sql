-- ask: How many faults of the process kitchen on POWER were nothing but a segment that had to be loaded?
-- points: 2
-- run: kitchen
-- machine: ppc64
-- hint: The view `fault` has a column `result`; ask for its values first.
SELECT count(*) FROM fault JOIN thread t USING (thread) WHERE t.process_name = 'kitchen' AND result = 'segment loaded'
