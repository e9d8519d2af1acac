-- ask: How many threads did the process kitchen have on x86-64, its first one included?
-- points: 1
-- run: kitchen
-- machine: x86_64
-- hint: The view `thread` has a row for each, with the name of its process.
SELECT count(*) FROM thread WHERE process_name = 'kitchen'
