-- ask: How many pages came back to their provider in the run `shelf` on x86-64 (its first seed)?
-- points: 1
-- run: shelf
-- machine: x86_64
-- hint: A page_request has a kind.
SELECT count(*) FROM page_request WHERE kind = 'write'
