-- ask: How many nanoseconds did the first fault of the dishwasher while `washing` take on x86-64?
-- points: 2
-- run: kitchen
-- machine: x86_64
-- hint: `dur` of a fault is from its begin to its end; the mark `washing` says where to start.
SELECT dur FROM washing ORDER BY id LIMIT 1
