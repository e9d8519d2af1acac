-- ask: How many nanoseconds did the slowest fault take that the provider brought a page for, in the run `shelf` on x86-64 (its first seed)?
-- points: 1
-- run: shelf
-- machine: x86_64
-- hint: The view `fault` has `result` and `dur`.
SELECT max(dur) FROM fault WHERE result = 'the provider brought the page'
