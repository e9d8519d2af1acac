-- mutant: only the threads that main() made are counted, not the one that ran main()
-- fails: threads
-- run: kitchen-x86_64-1
SELECT 'threads', count(*) FROM thread c JOIN thread m ON c.creator = m.thread WHERE m.process_name = 'kitchen' AND c.process_name = 'kitchen'
