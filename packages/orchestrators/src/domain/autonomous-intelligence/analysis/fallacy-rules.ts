/** A named pattern of wording. */
export interface CueRule {
  readonly kind: string;
  /** What a reader should look at; completed by the words that matched. */
  readonly explanation: string;
  /** How much the wording suggests the pattern, 0 to 1: set by hand to order findings, not measured. */
  readonly confidence: number;
  /** Patterns of {@link tokenPattern}; one suffices. */
  readonly patterns: readonly string[];
  /** Patterns that take the finding back when they occur in the same sentence. */
  readonly unless?: readonly string[];
  /** Patterns that count only where one of the two sentences before makes a reproach ({@link isReproach}). */
  readonly afterReproach?: readonly string[];
  /** Only in questions, or only outside of them. */
  readonly form?: 'question' | 'statement';
}

const HARM =
  '(~destroy|~lose|~die|~perish|~collapse|~suffer|~kill|~attack|~invade|~ruin|~disappear|~vanish|~starve|~doom|~bankrupt|~crumble)';
const INSULT =
  '(~liar|~fool|~idiot|~coward|~hypocrite|~crook|~clown|~moron|~traitor|~puppet|~loser|~thug|~fraud|~crony|~charlatan|~cheat)';
const EXPERT =
  '(~expert|~scientist|~economist|~doctor|~researcher|~specialist|~historian|~authority|~analyst)';
const REPORTED = '(said|told|warned|showed)';
const SAY = '(~say|~agree|~show|~know|~tell|~warn|~confirm|~believe|~prove|~recommend)';

/** Wording that often goes with a faulty argument. A cue to look closer; whether it is a fallacy is the reader's call. */
export const FALLACY_RULES: readonly CueRule[] = [
  {
    kind: 'ad-hominem',
    explanation: 'Speaks of the character of a person instead of what the person said',
    confidence: 0.6,
    patterns: [
      `(he|she|you|they|opponent|opponents|critics) (~be|#AUX) (nothing|just|simply|all|both)? (but|#ADV)? (a|an|the)? (#ADJ|#ADV)? ${INSULT}`,
      `(that|this|those|these|such) (#ADJ|#NOUN)? ${INSULT}`,
      `(stupid|crooked|corrupt|lying|dishonest|incompetent|pathetic|disgraceful) (~politician|~opponent|~journalist|~critic|~lawyer|~bureaucrat|media|press|senator|man|woman)`,
      'what (do|does|would|could) (he|she|they|you) know about',
      'of course (he|she|they) would (~say|~think|~claim)',
      'so called (~expert|~scientist|~leader|~journalist)',
    ],
  },
  {
    kind: 'appeal-to-fear',
    explanation: 'Argues with the harm that would follow, more than with reasons that it would',
    confidence: 0.5,
    patterns: [
      `if (we|you|they|america|congress) ..2 (not|~fail|~refuse|~hesitate|~surrender|~falter|~delay) ..14 (will|would|could|shall) ..3 ${HARM}`,
      `unless (we|you|they|america|congress) ..14 (will|would|could|shall) ..3 ${HARM}`,
      `(or|otherwise|else) (we|you|our|your|the|this) ..3 (will|would|could) (all|soon|surely|be)? ${HARM}`,
      `(will|would) (all)? be (~destroy|~kill|~enslave|~overrun|~doom|~wipe) ..8 (if|unless)`,
      'before (it|they) ..3 too late',
      '(coming|come) (for|after) your (~child|family|families|~job|~gun|~home|money|~freedom)',
      `nobody (will|would) be safe`,
      `no one (will|would) be safe`,
    ],
    form: 'statement',
  },
  {
    kind: 'false-dilemma',
    explanation: 'Offers two ways as if there were no third',
    confidence: 0.55,
    patterns: [
      'either (you|we|they) ..10 or (you|we|they|against|it)',
      '(you|we) (are|will|must|can) either ..10 or',
      '(only|just) two (~choice|~option|~way|~path|~alternative|~possibility)',
      '(is|are) no (middle ground|third way|other choice|other option|other alternative|alternative)',
      'no (middle|third) (~ground|~way|~path|~option)',
      '(is|there) no (alternative|~choice) (but|to|except)',
      'the only (alternative|~choice|~option) (~be|we|left|to)',
      '(with|for) us or ..3 (against|enemy|terrorists)',
    ],
  },
  {
    kind: 'slippery-slope',
    explanation: 'Lets one step lead to an extreme without showing the steps between',
    confidence: 0.55,
    patterns: [
      'slippery slope',
      'thin end of the wedge',
      'before (you|we) know it ..10 (will|would|going)',
      '(will|would|going) ..12 before (you|we) know it',
      '(the)? next thing you know',
      '(lead|leads|leading|led) (inevitably|inexorably|straight|surely) to',
      '(inevitably|inexorably) (lead|leads|leading|led|end|ends) (to|in|with|up)',
      'where (will|does|would) (it|this|that) (all)? (end|stop)',
      '(today|first) ..8 (tomorrow|next) (they|it|he|you|we) (will|would|come)',
      '(if|once) (we|you|they) (allow|let|permit|legalize|accept) ..8 (then)? (soon|next|eventually|everyone|everybody) ..6 (will|would|be)',
    ],
  },
  {
    kind: 'bandwagon',
    explanation: 'Takes the number of people who think so for a reason',
    confidence: 0.5,
    patterns: [
      '(everyone|everybody) (already|else)? (~know|~agree|~believe|~want|~understand) (that|it|this|the|we|how)',
      '(nobody|no one) (really|seriously)? (~doubt|~dispute|~deny|~believe|~question)',
      '(millions|most|majority) (of)? (the)? (people|americans|voters|citizens|us) (~agree|~know|~believe|~say|~think|~support) (that|it|this|with|the)',
      '(all|whole|entire) (the|of)? (world|country|nation) (~know|~agree|~believe) ',
      'join (the)? (millions|thousands)',
      'as (everyone|everybody|we all) (~know|~agree)',
      'we all (know|agree|understand) (that|it|this|the|how)',
      '(the)? american people (~know|~agree|~believe|~want|~understand) (that|it|this|the|how)',
    ],
    unless: [
      'not as',
      '(than|contrary to) ..2 (most|many) people',
      // So little is claimed that nobody has to be won for it.
      'we all (know|agree|understand) (that)? (it|things|this)? (sometimes|occasionally|some|can|may|might|could)',
    ],
    form: 'statement',
  },
  {
    kind: 'appeal-to-authority',
    explanation: 'Leans on experts or studies that are not named',
    confidence: 0.45,
    patterns: [
      `${EXPERT} (all|now|also|have|has|#ADV)? ${SAY}`,
      `(~study|~survey|~statistic|science|research) (#ADV|have|has)? (~show|~prove|~confirm|~demonstrate) (that|how|the)?`,
      `(according|thanks) to ..2 ${EXPERT}`,
      `as (any|every) ${EXPERT} (will|can|would) tell`,
    ],
    unless: [
      '#PROPN (#PROPN|institute|university|report|study|survey)',
      '(by|in|of|from|at) (the)? #PROPN',
      // A survey that is at hand, and what was said on an occasion: reported, not leant on. "Most experts said" leans.
      `(our|my|his|her|its|their|your|this) (#ADJ|#NOUN)? (~study|~survey|~statistic|research) (#ADV|have|has)? (~show|~prove|~confirm|~demonstrate)`,
      `^ ${EXPERT} (also|#ADV)? ${REPORTED}`,
      `!(all|most|every|many|leading|top) ${EXPERT} (also|#ADV)? ${REPORTED}`,
    ],
    form: 'statement',
  },
  {
    kind: 'hasty-generalization',
    explanation: 'Says of all what may hold for some',
    confidence: 0.4,
    patterns: [
      '(politicians|people|men|women|immigrants|liberals|conservatives|republicans|democrats|foreigners|bureaucrats) (have|will|do)? (always|never) #VERB',
      '(politicians|immigrants|liberals|conservatives|republicans|democrats|foreigners|bureaucrats|lawyers|journalists) are all (the)? (#ADJ|#NOUN|same)',
      '(they|those people|these people) (have|will|do)? (always|never) (~lie|~care|~listen|~learn|~cheat|~steal|~change|~understand)',
      '(all|every) (politicians|politician|immigrants|immigrant|liberals|conservatives|republicans|democrats|foreigners|bureaucrats|journalists|lawyers) (#AUX|#VERB)',
      '(not|never) (a)? single one of (them|those)',
      '#Plural (always|never) (lie|care|listen|learn|work|change|tell|want|understand|think|keep)',
    ],
    unless: ['not all', 'almost (all|every)', 'nearly (all|every)', 'created equal'],
    form: 'statement',
  },
  {
    kind: 'whataboutism',
    explanation: 'Answers a charge with another charge',
    confidence: 0.5,
    patterns: [
      '^ (but|well) what about (his|her|their|your|when|hillary)',
      'where (was|were) (he|she|they|you|your|the outrage) when',
      '(look|listen) who is (talking|speaking)',
      '(he|she|they|you) (did|do|does) (exactly)? the same thing',
      'why (do|does|did) (nobody|not you|not they|no one|they not|you not) (ever)? (talk|speak|ask|complain|say) (about|anything)',
      '(said|say|says) nothing (when|about) ..8 (did|was|were)',
    ],
    // Without a reproach to answer, the same words ask for the next topic: "What about the front end?"
    afterReproach: ['^ (but|and|well|so)? what about (his|her|their|your|when|all|hillary|the)'],
    form: 'question',
  },
  {
    kind: 'straw-man',
    explanation: 'Puts words into the mouth of the other side that it may not have said',
    confidence: 0.45,
    patterns: [
      '(so)? (you|he|she|they) (are|is) (really|basically)? (saying|telling|suggesting) (us|me)? (that)? (we|i|you|all|nobody|everyone|it)',
      '(they|opponents|critics|he|she|some) would have (you|us) (believe|think)',
      '(they|he|she|opponents|critics|democrats|republicans) (just|simply|really)? (want|wants) (you|us)? to (destroy|abolish|take away|ban|end|surrender|open|eliminate|kill)',
      '(there are)? (those|some) who (say|claim|argue|think|believe|would) (that)? ..3 (should|must|can|nothing|can not|do)',
    ],
  },
  {
    kind: 'appeal-to-tradition',
    explanation: 'Takes age or custom for a reason',
    confidence: 0.4,
    patterns: [
      '(we|people|they|it) (have|has) always (~do|been done|worked) (it|this|that|so|well)?',
      'always (been)? done (it|this|that|so)',
      '(as|like) our (fathers|forefathers|founders|founding|ancestors|grandparents) (always|have|did|intended|#VERB)',
      'for (centuries|generations) (we|our|people|men) (have|has)',
      '(time honored|age old) (tradition|custom|way|principle)',
    ],
  },
  {
    kind: 'appeal-to-ignorance',
    explanation: 'Takes the lack of proof to the contrary for proof',
    confidence: 0.5,
    patterns: [
      '(no one|nobody|you|they|science) (can|could|has|have) (not|ever|never)? (~prove|~disprove) (that)? ..6 (not|wrong|otherwise|false|is|was)',
      '(is|was) no (evidence|proof) ..6 (not|never) ..4 (so|therefore|exist|happen|true)',
      'prove me wrong',
      '(has|have) never been (disproved|refuted|disproven)',
    ],
  },
  {
    kind: 'post-hoc',
    explanation: 'Takes what came after for what was caused',
    confidence: 0.4,
    patterns: [
      '(ever since|since) (he|she|they|we|i|this administration|this president) (took office|came into office|came to power|was elected|were elected) ..12 (has|have) (#Past|been|risen|fallen|grown|doubled)',
      '(the)? (day|moment|minute|year) (he|she|they) (took office|arrived|was elected|were elected|came) ..10 (began|started|stopped|fell|rose|collapsed)',
    ],
  },
  {
    kind: 'no-true-scotsman',
    explanation: 'Shuts out counter-examples by calling them not genuine',
    confidence: 0.5,
    patterns: [
      'no (true|real|genuine|decent|patriotic) (#NOUN|#PROPN|#ADJ) (would|will|could|can|ever)',
      '(a|any) (true|real) (american|patriot|christian|man|conservative|liberal|democrat|republican) (would|will|never|does|knows)',
    ],
  },
  {
    kind: 'loaded-question',
    explanation: 'Asks in a way that grants a charge whatever the answer',
    confidence: 0.5,
    patterns: [
      '(when|why) (did|do|have|will) (you|they|he|she) (finally)? (stop|stopped|quit) #VERB',
      'why (do|does|did) (you|they|he|she|the|democrats|republicans) (always|still|really)? (hate|despise|lie|betray|ignore|abandon)',
      'how (long|much longer) (will|must|can|do) (we|you|they) (let|allow|tolerate|ignore|keep|suffer|put)',
    ],
    form: 'question',
  },
  {
    kind: 'appeal-to-pity',
    explanation: 'Asks for compassion where a reason is due',
    confidence: 0.4,
    patterns: [
      'think of the (children|families|victims|poor)',
      '(imagine|think) (how|what) (you|your family|your child) would feel',
      'how would you feel if',
      'look (into|in) the eyes of',
      'have (you|they) no (heart|compassion|pity|shame|decency)',
    ],
  },
];
