-- ask: How many times did a CPU begin to run `cook 1` on x86-64?
-- points: 2
-- run: kitchen
-- machine: x86_64
-- hint: Each time is a row of thread_state whose state is `running`.
SELECT count(*) FROM thread_state s JOIN thread t USING (thread) WHERE t.name = 'cook 1' AND t.process_name = 'kitchen' AND s.state = 'running'
