/** Colours of the frames: how it went, at a glance. */
export const COLOR = {
  working: 0x3b_82_f6,
  done: 0x22_a0_6b,
  reduced: 0xd9_8e_04,
  failed: 0xc9_37_2c,
  plain: 0x6b_72_80,
} as const;
