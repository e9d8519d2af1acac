-- ask: Of the threads of the run `crowd` on x86-64 (its first seed), which was on a CPU for the longest time, all its turns together? Its name.
-- points: 2
-- run: crowd
-- machine: x86_64
-- hint: Sum what thread_state says of `running`.
SELECT t.name FROM thread_state s JOIN thread t USING (thread) WHERE t.process_name = 'load' AND s.state = 'running' GROUP BY s.thread ORDER BY sum(s.dur) DESC LIMIT 1
