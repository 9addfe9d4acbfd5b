/**
 * The turns of phrase that a reader must translate into plain English, each with the words to use instead.
 *
 * A pattern may miss a hit, but it should rarely match a good sentence, because every hit is work for someone.
 */

/** One turn of phrase that the project's prose avoids. */
export interface Pattern {
  /** The name in the table of counts and in `scripts/language-exceptions.json`. */
  readonly name: string;
  /** The reason why the phrase is hard to read. */
  readonly reason: string;
  /** The words to use. */
  readonly instead: string;
  /** Matches each hit. */
  readonly matches: RegExp;
}

/** The beginning of a sentence: of the passage, after a full stop, of a paragraph, and of the text of a JSDoc tag. */
const START = String.raw`(?<=^\s*[("'*_]*|[.!?]['")*_]* |\n\s*\n[("'*_]*|@(?:returns|remarks) |@throws \w+ |@param \w+ (?:- )?)`;

/** Not a question. */
const STATEMENT = String.raw`(?![^.!]*\?)`;

/** A word before *where* that names a place, or asks for one: *the offset where*, *says where*, *exactly where*. */
const PLACE = [
  'place|places|point|points|position|offset|line|file|folder|directory|machine|page|section|table|column|row|cell|module',
  'spot|site|location|environment|browser|world|side|end|and|or|of|from|to|just|exactly|only|everywhere|anywhere|somewhere|nowhere',
  'know|knows|known|say|says|said|see|sees|seen|show|shows|shown|find|finds|found|tell|tells|note|notes|name|names|read|reads',
  'write|writes|decide|decides|choose|chooses|remember|remembers|ask|asks|asked|learn|explain|explains|describe|describes',
].join('|');

export const PATTERNS: readonly Pattern[] = [
  {
    name: 'question-word',
    reason: 'the subject is a clause, so the reader waits for the thing that the sentence is about',
    instead: 'begin with the thing: the value, the caller, the result; "Returns whether …"',
    matches: phrase(`${START}(?:What|Who|Whoever|Whom|(?<!@returns )Whether)\\b${STATEMENT}`),
  },
  {
    name: 'fronted-genitive',
    reason: 'the subject comes after its attribute',
    instead: 'put the subject first',
    matches: phrase(`(?:${START}|[;:] )of (?!course|these|those|all|note)`),
  },
  {
    name: 'is-no',
    reason: 'English negates the verb here',
    instead: '"is not a …", "is invalid", "is missing"',
    matches: phrase(
      `(?<!\\bthere )\\b(?:is|are|was|were|be|being) (?:no (?!longer\\b|more\\b|less\\b|fewer\\b|other\\b|different\\b|faster\\b|slower\\b|larger\\b|smaller\\b|better\\b|worse\\b|matter\\b)|none\\b)`,
    ),
  },
  {
    name: 'be-meant',
    reason: 'an argument means nothing by itself',
    instead: '"is invalid"',
    matches: phrase('\\b(?:can|could)(?:\\s*not)? be meant\\b'),
  },
  {
    name: 'nothing-said',
    reason: 'a default is not something that is unsaid',
    instead: '"by default", `@default 4`, "if it is omitted"',
    matches: phrase(
      '\\b(?:nothing is said|sa(?:y|ys|id) nothing|named? nothing|names nothing)\\b|(?:^|[.;,] )(?:undefined|none|null|empty): ',
    ),
  },
  {
    name: 'where',
    reason: '"where" is for places',
    instead: '"if", "when"; "wherever" stays with places',
    matches: phrase(`${START}Where\\b(?=[^.:;?]*,)${STATEMENT}|(?<!\\b(?:${PLACE})[,;:]? |^\\s*)\\bwhere\\b`),
  },
  {
    name: 'stands',
    reason: 'values and words do not stand, lie or sit',
    instead: '"is", "comes", "is stored"; "compared with", "next to"',
    matches: phrase('\\b(?:stands?|stood|standing)\\b(?! (?:for|in for|still|alone|out)\\b)|\\blies\\b|\\blay\\b'),
  },
  {
    name: 'beside',
    reason: 'order and comparison are not places',
    instead: '"next to", "compared with", "in addition to", "asynchronously"',
    matches: phrase('\\bbeside\\b'),
  },
  {
    name: 'behind',
    reason: 'order is not a place',
    instead: '"after"',
    matches: phrase(
      '(?<!\\b(?:leave|leaves|leaving|left) (?:\\w+ ){0,3})\\bbehind\\b(?! (?:handles|(?:a|an|the|the same|one|its) (?:interface|proxy|API|façade|seam|scenes))\\b)',
    ),
  },
  {
    name: 'in-the-place-of',
    reason: 'a calque',
    instead: '"instead of"',
    matches: phrase('\\bin (?:the )?place of\\b'),
  },
  {
    name: 'at-once',
    reason: 'it has four meanings',
    instead: '"synchronously", "simultaneously", "immediately", "in one batch"',
    matches: phrase('\\bat once\\b'),
  },
  {
    name: 'old-adverb',
    reason: 'nobody says it',
    instead: '"again", "in the meantime"',
    matches: phrase('\\banew\\b|\\bmeanwhile\\b|\\bthereupon\\b|\\bhitherto\\b'),
  },
  {
    name: 'forward',
    reason: 'a schema is upgraded',
    instead: '"upgrade", "upcast", "migrate"',
    matches: phrase('\\b(?:brought|bring|brings|bringing)\\b(?: \\w+){0,3} forward\\b'),
  },
  {
    name: 'goes-on',
    reason: 'a calque',
    instead: '"continues", "is still usable"',
    matches: phrase('\\b(?:goes|go|went|going) on\\b'),
  },
  {
    name: 'come-by',
    reason: 'a calque',
    instead: '"obtain", "get"',
    matches: phrase('\\b(?:come|comes|came) by\\b'),
  },
  {
    name: 'gives',
    reason: 'a function returns its result',
    instead: '"returns", "yields", "produces", "results in"',
    matches: phrase('\\b(?:gives|gave)\\b(?! (?:up|way|in)\\b)'),
  },
  {
    name: 'told',
    reason: 'a caller is not told something, it gets an error; two things are not told from each other',
    instead: '"gets an error", "throws"; "is distinguished from"',
    matches: phrase(
      '\\b(?:is|are|was|were|be|been) told\\b|\\b(?:tell|tells|telling|told) (?:\\w+ ){0,3}(?:apart|from)\\b',
    ),
  },
  {
    name: 'whoever',
    reason: 'a person where a thing is meant',
    instead: '"the caller", "a reader", "code that"',
    matches: phrase('\\b(?:whoever|whomever|who asks|who looks)\\b'),
  },
  {
    name: 'clause-heading',
    reason: 'a fragment is not a description, and the reader looks for its subject',
    instead: '"the number of", "the reason why", "the time at which", "Converts …", "Returns …"; "by" after the thing',
    matches: exactPhrase(
      `(?<=^\\s*)(?:(?:How (?!to\\b)|Why |Which |Whose |Where (?!.*,)|To be |From now on )${STATEMENT}(?=[^]*\\.)|By [^.:]{0,60}: )`,
    ),
  },
  {
    name: 'reason-after-colon',
    reason: 'a colon announces a list or a value, and does not say how two sentences are connected',
    instead: '"because", "so that", or a sentence of its own',
    matches: exactPhrase(
      '(?<=(?:^|[.!?] )\\s*[A-Z][^.:]*[a-z]): (?:it|they|there|nobody|nothing|then|neither) (?:is|are|was|were|has|have|would|must|may|can|cannot|could|does|do|will)\\b',
    ),
  },
  {
    name: 'calque',
    reason: 'a word-for-word translation',
    instead: '"records", "of any type", "is duplicated", "is sent at a given time"',
    matches: phrase(
      '\\bnotes (?:that|whether)\\b|\\bof whatever (?:types?|kinds?)\\b|\\b(?:key|name) comes twice\\b|\\bsent at a time\\b',
    ),
  },
  {
    name: 'metaphor',
    reason: 'there is a technical word',
    instead: '"cancel", "adapt", "cause", "timeout", "concurrent"',
    matches: phrase(
      '\\bin other clothes\\b|\\b(?:dress|dressed|dresses|clothes|doorman)\\b|\\b(?:call|calls|called|calling) off\\b|\\b(?:is|are|was) to blame\\b|\\bpatience\\b|\\bunder way\\b|\\bside by side\\b',
    ),
  },
  {
    name: 'undefined-if',
    reason: 'a fragment without a subject',
    instead: '"or undefined if …" in the same sentence, "It is undefined if …"',
    matches: phrase(
      '(?:;\\s|(?<=^\\s*|(?<!@(?:returns|remarks|param \\w+))[.!?] ))(?:undefined|empty) (?:if|for|once|unless|until|without|while)\\b',
    ),
  },
  {
    name: 'old-spelling',
    reason: 'the documentation of engines and toolchains has another word',
    instead: '"timeout", "runtime library", "forever", "passes", "the same"',
    matches: phrase(
      '\\btime-outs?\\b|\\brun-time librar|\\bfor ever\\b|\\bhand(?:s|ed|ing)? over\\b|\\bthe very same\\b',
    ),
  },
];

/** A phrase that is found only in the given case. */
function exactPhrase(source: string): RegExp {
  return new RegExp(source.replaceAll(' ', '\\s+'), 'g');
}

/** A space of a phrase matches any white space, and a line break within a sentence. */
function phrase(source: string): RegExp {
  return new RegExp(source.replaceAll(' ', '\\s+'), 'gi');
}
