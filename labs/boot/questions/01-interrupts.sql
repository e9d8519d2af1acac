-- ask: rollcall runs on 4 CPUs and lets each answer {calls} times. How many interrupts from other CPUs (irq_enter, with irq = ipi) will the run have on x86-64?
-- kind: prediction
-- points: 1
-- run: rollcall
-- machine: x86_64
SELECT count(*) FROM irq_enter WHERE irq = 'ipi'
