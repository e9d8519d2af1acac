/*
 * What tools outside need to know to read this kernel's records: see abi/layout.h.
 */
#pragma once

/* Shows the layout table and the roots in the descriptor. Once, at boot. */
void layout_show(void);
