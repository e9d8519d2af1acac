-- title: The same on four CPUs: nobody sleeps through anything
-- points: 3
-- level: stress
-- run: crowd
-- least: 100
-- hint: look at the last events of the thread that never woke; what did the other CPU do between two of them?
SELECT * FROM sleeping ORDER BY id
