-- title: Two CPUs, one of which takes what the other gives up: nothing comes back from the dead, and nothing stays
-- points: 4
-- level: stress
-- run: race
-- least: 800
-- hint: between looking at the number of references and changing it another CPU may have changed it.
SELECT * FROM freed ORDER BY id
