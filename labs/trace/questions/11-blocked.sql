-- ask: How many nanoseconds did the other three cooks together wait for words (the stove) on x86-64?
-- points: 3
-- run: kitchen
-- machine: x86_64
-- hint: thread_state has a `reason` for each time a thread was blocked.
SELECT sum(s.dur) FROM thread_state s JOIN thread t USING (thread) WHERE t.name LIKE 'cook %' AND t.name != 'cook {slow}' AND s.state = 'blocked'
	AND s.reason = 'waits for a word to change'
