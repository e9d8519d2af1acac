-- ask: In the run `turns`, {threads} threads yield {turns} times each, on one CPU. How many switches from one of them to another will that make?
-- kind: prediction
-- points: 1
-- run: turns
-- machine: x86_64
SELECT count(*) FROM thread_switch s JOIN thread a ON a.thread = s.previous JOIN thread b ON b.thread = s.next
WHERE a.process_name = 'load' AND b.process_name = 'load' AND a.name LIKE 'thread %' AND b.name LIKE 'thread %'
