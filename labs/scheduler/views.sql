-- What several tests and a question look at.

-- When a thread of load could run and did not. Without an end, `dur` and `until` are NULL.
CREATE TEMP VIEW waits AS SELECT s.id, s.thread, t.name, s.ts, s.dur, s.ts + s.dur AS until FROM thread_state s JOIN thread t USING (thread)
	WHERE t.process_name = 'load' AND s.state IN ('created', 'runnable');
