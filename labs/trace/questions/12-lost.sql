-- ask: How many of the {coins} coins of each cashier did the till lose, both together, on POWER?
-- points: 2
-- run: till
-- machine: ppc64
-- hint: The program says at its end how many there are.
SELECT 2 * {coins} - value FROM mark_instant WHERE name = 'total'
