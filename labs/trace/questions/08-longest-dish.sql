-- ask: Which thread cooked the dish that took longest on x86-64? Its name.
-- points: 2
-- run: kitchen
-- machine: x86_64
-- hint: A dish is a mark; its dur is how long it took.
SELECT t.name FROM mark m JOIN thread t USING (thread) WHERE m.name = 'dish' ORDER BY m.dur DESC LIMIT 1
