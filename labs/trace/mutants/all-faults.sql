-- mutant: all faults are counted, whatever they ended with
-- fails: segments
-- run: kitchen-ppc64-1
SELECT 'segments', count(*) FROM fault JOIN thread t USING (thread) WHERE t.process_name = 'kitchen'
