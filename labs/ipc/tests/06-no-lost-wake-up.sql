-- title: Nobody sleeps through the message or the answer that it waits for
-- points: 4
-- level: core
-- run: pairs
-- least: 24
-- hint: looking whether something is there and going to sleep have to be one step for everybody else: the lock says which.
SELECT * FROM sleeping ORDER BY id
