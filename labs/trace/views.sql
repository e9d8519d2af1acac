-- The faults of the dishwasher while it is `washing`.
CREATE TEMP VIEW washing AS SELECT f.id, f.dur FROM fault f JOIN thread t USING (thread)
	JOIN mark m ON m.name = 'washing' AND f.ts BETWEEN m.ts AND m.ts + m.dur WHERE t.name = 'dishwasher';
