import type { CueRule } from './fallacy-rules.js';

/** Wording that moves an audience. Not faults: devices a reader may want to see. */
export const PERSUASION_RULES: readonly CueRule[] = [
  {
    kind: 'call-to-action',
    explanation: 'Calls on the audience to do something together',
    confidence: 0.65,
    patterns: [
      '^ (so|and|now|but)? (tonight|then)? let us (all|now|also)? #VERB',
      '(join|stand with|stand beside) (me|us) (in|and|as|to|on)',
      '(i|we) (ask|urge|call on|call upon|challenge|implore|beg) (each|all|every|you|congress|everyone|this congress|the congress|americans) ..6 to #VERB',
      '^ (so|and|now|but)? (we|you) must (all|now|also|not)? (act|do|fight|rise|stand|work|make|take|join|stop|seize)',
    ],
    unless: ['let us (say|see|suppose|assume|imagine)'],
    form: 'statement',
  },
  {
    kind: 'urgency',
    explanation: 'Presses for haste',
    confidence: 0.6,
    patterns: [
      '(now|this) is (the|our|your) (time|moment|hour|year) (to|for)',
      'time is running out',
      '(no|little) time to (lose|waste|spare)',
      '(before|until) it is too late',
      '(can|must|dare) not (wait|delay|afford to wait|postpone) (any longer|another|no longer|until|for)?',
      '(now or never|act now|right here right now|at this critical)',
      'the (hour|time) is (late|now|short|here)',
    ],
  },
  {
    kind: 'antithesis',
    explanation: 'Sets one thing against its opposite in the same form',
    confidence: 0.55,
    patterns: [
      'not (in|by|for|as|to|because|of|with|from|on) ..5 but (in|by|for|as|to|because|of|with|from|on)',
      'not (only|just|merely)? (what|who|how|whether) ..8 but (what|who|how|whether)',
      'not (the|a|an) (#ADJ|#NOUN)? #NOUN but (the|a|an)',
      'ask not ..12 ask',
    ],
    unless: ['not (only|just|merely|simply) ..8 but'],
  },
  {
    kind: 'appeal-to-unity',
    explanation: 'Puts what is common above what divides',
    confidence: 0.5,
    patterns: [
      '(united|one) (people|nation|family|america|country) (#ADP|under|undivided|indivisible)',
      '(not|neither) (as)? (democrats|republicans|democrat|republican) ..8 (but|or|nor) ..3 (americans|american|democrats|republicans)',
      '(together|united) we (can|will|shall|must|are|have)',
      '(we|all of us) (are|stand) (all)? (one|united|in this together)',
      '(across|regardless of|beyond) party (lines)?',
    ],
  },
  {
    kind: 'superlative-pride',
    explanation: 'Flatters the audience as the greatest of its kind',
    confidence: 0.55,
    patterns: [
      '(greatest|strongest|finest|best|richest|freest) (nation|country|people|democracy|military|workers|force|economy|men) ..3 (on earth|in the world|in history|in human history|ever)',
      '(greatest|last best|best) hope (of|for|on) (earth|mankind|humanity|the world|man)',
      'no (other)? (nation|country|people) ..4 (on earth|in the world|in history)',
    ],
  },
];
