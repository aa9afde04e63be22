import type { AttackFamily, FieldKind } from './field.js';

/** A form that attacks have, and ordinary text has not. */
export interface Signature {
  readonly name: string;
  readonly family: AttackFamily;
  /** Without nested repetition: the time it takes grows with the length of the text. */
  readonly pattern: RegExp;
  /** Kinds of fields it is looked for in; all of them where absent. */
  readonly in?: readonly FieldKind[];
  /** Kinds of fields where it is ordinary. */
  readonly notIn?: readonly FieldKind[];
}

/** Names of programs that an injected command begins with. */
const PROGRAMS =
  'cat|ls|id|whoami|uname|wget|curl|nc|ncat|netcat|bash|sh|zsh|ksh|powershell|pwsh|cmd|ping|nslookup|dig|rm|cp|mv|chmod|chown|touch|echo|printf|sleep|python[23]?|perl|ruby|php|node|env|ifconfig|ipconfig|netstat|ps|kill|type|dir|tasklist|systeminfo|telnet|ssh|scp|find|grep|tail|head|more|less|sed|awk|tee|crontab|shutdown|reboot|net';

/**
 * What is looked for, in the classes of the OWASP Web Security Testing Guide (4.2, input validation) and the OWASP cheat
 * sheets. Each is a piece of structure, a quote with what ends it or a tag with a handler, not a word: words are prose.
 */
export const SIGNATURES: readonly Signature[] = [
  // SQL
  {
    name: 'sql_tautology',
    family: 'sql_injection',
    pattern:
      /\b(?:or|and|having|where|xor)\b[\s(+]{0,10}(?:not[\s(]{1,4})?(['"]?)([\w.]{1,30})\1[\s)]{0,5}(?:=|<=>|\blike\b)[\s(]{0,5}(['"]?)\2(?:\3|\b)/i,
  },
  {
    name: 'sql_quoted_condition',
    family: 'sql_injection',
    pattern:
      /['"`)]\s{0,5}(?:or|and|\|\||&&|xor)\s{0,5}[('"]{0,4}[\w.@]{0,30}['")]{0,3}\s{0,5}(?:=|<>|!=|>|<|\blike\b|\bin\s{0,3}\(|\bis\s+(?:not\s+)?null\b|\bbetween\b)/i,
  },
  {
    name: 'sql_quoted_truth',
    family: 'sql_injection',
    pattern: /['"]\s{0,5}(?:\bor\b|\|\|)\s{0,5}(?:true|1|'1'?|"1"?)\s{0,5}(?:--|#|\/\*|;|$)/im,
  },
  {
    name: 'sql_union',
    family: 'sql_injection',
    pattern:
      /\bunion\b[\s(+]{1,10}(?:all[\s(+]{1,10}|distinct[\s(+]{1,10})?select\b[^.\n]{0,120}(?:,|\bfrom\b|\bnull\b|--|#|\(|@@|\b\d)/i,
  },
  {
    name: 'sql_stacked',
    family: 'sql_injection',
    pattern:
      /;\s{0,5}(?:drop\s+(?:table|database|schema|view|user|index|procedure)\b|delete\s+from\b|insert\s+into\b|update\s+\w{1,40}\s+set\b|alter\s+(?:table|user|database)\b|truncate\s+table\b|create\s+(?:table|user|or\s+replace)\b|exec(?:ute)?\s{1,3}(?:xp_|sp_|immediate\b|master)|shutdown\s{0,3}(?:--|;|with\b|$)|declare\s+@|select\b[^.;\n]{0,80}(?:\bfrom\b|\(|@@)|waitfor\s+delay|grant\s+\w{1,20}\s+(?:on|to)\b)/i,
  },
  {
    name: 'sql_statement',
    family: 'sql_injection',
    pattern:
      /\b(?:drop\s+table\s+(?:if\s+exists\s+)?["`[]?\w{1,60}["`\]]?\s{0,3}(?:;|--|$)|select\s+(?:\*|[\w@,\s]{1,60}\*?)\s+from\s+(?:information_schema|mysql\.|pg_|sys\.|sqlite_master|dual\b|all_tables|users?\s{0,3}(?:;|--|where\b))|insert\s+into\s+\w{1,60}\s{0,3}(?:\([\w\s,]{1,200}\)\s{0,3})?values\s{0,3}\(|delete\s+from\s+\w{1,60}\s{0,3}(?:;|--|where\s+\w{1,40}\s{0,3}=)|update\s+\w{1,60}\s+set\s+\w{1,60}\s{0,3}=)/im,
  },
  {
    name: 'sql_comment_end',
    family: 'sql_injection',
    pattern: /(?:^|[\w)%])['"]{1,2}[\s);]{0,6}(?:--|#|\/\*)[\s\-+]{0,6}\w{0,3}\s{0,3}$/,
  },
  {
    name: 'sql_function',
    family: 'sql_injection',
    pattern:
      /\b(?:sleep\s{0,3}\(\s{0,3}\d|pg_sleep\s{0,3}\(|benchmark\s{0,3}\(\s{0,3}\d|waitfor\s+delay\s{0,3}'|load_file\s{0,3}\(|into\s+(?:out|dump)file\b|xp_\w{3,30}|extractvalue\s{0,3}\(|updatexml\s{0,3}\(|dbms_\w{3,30}|utl_(?:http|inaddr|file)\b|information_schema\b|sysobjects\b|group_concat\s{0,3}\(|concat(?:_ws)?\s{0,3}\(\s{0,3}0x|char\s{0,3}\(\s{0,3}\d{1,3}\s{0,3}[,)]|unhex\s{0,3}\(|ascii\s{0,3}\(\s{0,3}sub|substr(?:ing)?\s{0,3}\(\s{0,3}(?:\(\s{0,3}select|@@|user|database|version)|if\s{0,3}\(\s{0,3}\(?\s{0,3}select\b|procedure\s+analyse\s{0,3}\()|@@(?:version|servername|hostname|datadir)\b|['"]\s{0,5}\blike\b\s{0,5}['"]/i,
  },
  {
    name: 'sql_order_probe',
    family: 'sql_injection',
    pattern: /['")\d]\s{0,5}\b(?:order|group)\s+by\s+\d{1,4}\s{0,5}(?:--|#|;|,\s{0,3}\d|$)/i,
  },
  {
    name: 'sql_subselect',
    family: 'sql_injection',
    pattern: /(?:=|\(|\bor\b|\band\b|,|\|\|)\s{0,5}\(\s{0,5}select\b[^.\n]{0,120}\)/i,
  },

  // Script
  { name: 'script_tag', family: 'script_injection', pattern: /<[\s/+\\]{0,6}script\b/i },
  {
    name: 'script_event_handler',
    family: 'script_injection',
    pattern: /<[a-z!?/\\%][^\n]{0,600}?[\s"'`/+\\\u0000-\u001f,;]on[a-z]{3,24}\s{0,8}[=%]/i,
  },
  {
    name: 'script_broken_attribute',
    family: 'script_injection',
    pattern:
      /["'`][\s/+>]{0,6}(?:autofocus\b\s{0,4})?\bon(?:error|load|click|dblclick|mouse\w{2,8}|key\w{2,6}|focus\w{0,3}|blur|toggle|start|end|begin|pointer\w{2,12}|animation\w{3,12}|transition\w{3,8}|submit|change|input|hashchange|message|resize|scroll|wheel|copy|paste|cut|drag\w{0,6}|drop)\s{0,6}=/i,
  },
  {
    name: 'script_url',
    family: 'script_injection',
    pattern:
      /(?:\bj\s{0,4}a\s{0,4}v\s{0,4}a\s{0,4}s\s{0,4}c\s{0,4}r\s{0,4}i\s{0,4}p\s{0,4}t|\bvbscript|\blivescript|\bmocha)\s{0,6}:\s{0,6}[^\s"'<>,.;]{0,200}[([`=%/'"]/i,
  },
  {
    name: 'script_data_url',
    family: 'script_injection',
    pattern:
      /\bdata\s{0,3}:\s{0,3}(?:text\/(?:html|xml|javascript)|image\/svg\+xml|application\/(?:x-)?javascript)/i,
  },
  {
    name: 'script_active_tag',
    family: 'script_injection',
    pattern:
      /<[\s/]{0,4}(?:iframe|object|embed|applet|meta|base|link|frame|frameset|layer|ilayer|bgsound|isindex|svg|math|xml|xss|form|input|button|textarea|select|keygen|marquee|video|audio|source|img|image|body|html|head|title|style|details|template|noscript|portal|animate|set)\b[^\w.]/i,
    notIn: ['html'],
  },
  {
    name: 'script_active_tag',
    family: 'script_injection',
    pattern:
      /<[\s/]{0,4}(?:iframe|object|embed|applet|meta|base|frame|frameset|layer|ilayer|bgsound|isindex|xml|xss|keygen|portal|animate|set)\b/i,
    in: ['html'],
  },
  {
    name: 'script_code',
    family: 'script_injection',
    pattern:
      /(?:\b(?:alert|prompt|confirm|eval|setTimeout|setInterval|Function|fetch|importScripts|execScript)\s{0,3}[(`]\s{0,3}(?:['"`)\d\\/]|document|window|String|this|location|atob|name\b|top\b|self\b|\w{1,20}\s{0,2}\))|\bdocument\s{0,3}\.\s{0,3}(?:cookie|write(?:ln)?|location|domain|body|URL)\b|\bwindow\s{0,3}\.\s{0,3}(?:location|name|open)\b|\bString\s{0,3}\.\s{0,3}fromCharCode\b|\.\s{0,2}constructor\s{0,2}\(|\.\s{0,2}innerHTML\s{0,3}=)/i,
  },
  {
    name: 'script_style',
    family: 'script_injection',
    pattern:
      /(?:\bexpression\s{0,3}\(|-moz-binding\s{0,3}:|\bbehaviou?r\s{0,3}:\s{0,3}url|@import\s{0,3}['"u(]|\bsrcdoc\s{0,3}=|\bformaction\s{0,3}=|\bxlink:href\s{0,3}=|url\s{0,3}\(\s{0,3}['"]?\s{0,3}(?:java|vb)script)/i,
  },
  {
    name: 'script_comment_trick',
    family: 'script_injection',
    pattern: /<!(?:--\[if\b|\[CDATA\[|-->\s{0,3}<|--(?:>|["'#]))/i,
  },
  {
    name: 'script_odd_tag',
    family: 'script_injection',
    pattern:
      /<[\w:-]{0,30}[^\s\w>:<-][^<>\n]{0,200}(?:\bon\w{3,24}\s{0,4}=|\bsrc\s{0,4}=|\bhref\s{0,4}=|\bstyle\s{0,4}=)/i,
  },
  {
    name: 'script_attribute',
    family: 'script_injection',
    pattern: /<[a-z][^\n]{0,300}\s(?:src|href|style|dynsrc|lowsrc|background|action|data|poster)\s{0,4}=/i,
    notIn: ['html'],
  },
  { name: 'script_php', family: 'script_injection', pattern: /<\?(?:php|=|xml-stylesheet|import)\b/i },
  {
    name: 'script_server_side',
    family: 'script_injection',
    pattern: /<!--\s{0,4}#\s{0,4}(?:exec|include|echo|config|set)\b/i,
  },

  // Paths
  {
    name: 'path_parent',
    family: 'path_traversal',
    pattern:
      /(?:^|[\s"'=/\\?&,(])(?:\.{2,4}[/\\]{1,4}){2}|(?:\.\.[/\\])[\w./\\-]{0,200}(?:etc|windows|winnt|boot|proc|var|usr|root|home|passwd|\.\.[/\\]|\.(?:ini|conf|cfg|env|htaccess|ssh|pem|key|log|bak))/i,
  },
  {
    name: 'path_parent',
    family: 'path_traversal',
    pattern: /\.\.[/\\]|[/\\]\.\.$|^\.\.$/,
    in: ['path', 'identifier'],
  },
  {
    name: 'path_system_file',
    family: 'path_traversal',
    pattern:
      /(?:[/\\](?:etc|proc|sys|dev)[/\\]{1,3}(?:passwd|shadow|group|hosts|hostname|issue|sudoers|crontab|environ|self\b|version|cmdline|ssh\b|fd\b|tcp\b|apache2?\b|nginx\b|mysql\b|my\.cnf)|\b[a-z]:[/\\]{1,3}(?:windows|winnt|boot\.ini|inetpub|users[/\\])|[/\\]boot\.ini\b|[/\\]web\.config\b|[/\\]\.(?:ssh|aws|env|git|htpasswd|htaccess|npmrc|bash_history)\b|[/\\]WEB-INF[/\\]|[/\\]win\.ini\b|[/\\]system32[/\\])/i,
  },
  {
    name: 'path_wrapper',
    family: 'path_traversal',
    pattern:
      /\b(?:file|php|phar|zip|expect|glob|data|jar|netdoc|gopher|dict|ldap|tftp)\s{0,2}:\/{2,3}(?:[^\s]{0,40}(?:\/(?:etc|proc|windows)|filter|input|resource=|convert|passwd)|localhost|127\.|0\.0\.0\.0|\/)/i,
  },
  {
    name: 'path_null_byte',
    family: 'path_traversal',
    pattern: /\.\w{2,5}(?:%00|\u0000)|(?:%00|\u0000)\.\w{2,5}\b|[/\\]\w{2,20}(?:%00|\u0000)/i,
  },

  // Commands
  {
    name: 'command_chain',
    family: 'command_injection',
    pattern: new RegExp(
      `(?:[;|\`\\n]|&&|\\|\\||%0a|(?:^|\\s)&|\\bfoo&)\\s{0,4}(?:/(?:usr/)?s?bin/)?(?:${PROGRAMS})(?:\\.exe)?(?:\\s{0,3}(?:$|[;|&\`#)])|\\s+(?:-{1,2}[a-z]|/|~|\\.{1,2}/|\\$|https?:|[\\w./-]{0,60}(?:/|\\.(?:txt|sh|exe|php|py|pl|fail|conf|com|org|net|io)\\b)|\\d{1,3}(?:\\.\\d{1,3}){3}|\\d{1,4}\\s{0,3}(?:$|[;|&])|["'])|\\$IFS)`,
      'im',
    ),
  },
  {
    name: 'command_substitution',
    family: 'command_injection',
    pattern: new RegExp(
      `(?:\\$\\(|\`)\\s{0,3}(?:/(?:usr/)?s?bin/)?(?:${PROGRAMS}|<)\\b[^\`)\\n]{0,200}[\`)]|\\$\\(\\s{0,2}</`,
      'i',
    ),
  },
  {
    name: 'command_shell',
    family: 'command_injection',
    pattern:
      /(?:\/bin\/(?:ba|z|k|c|tc|da)?sh\b|\bcmd(?:\.exe)?\s{1,3}\/[ck]\b|\bpowershell(?:\.exe)?\s+-\w|\brm\s+-[rf]{1,3}\s|>\s{0,3}\/dev\/(?:null|tcp|udp)|\/dev\/(?:tcp|udp)\/|\/dev\/null\s{0,3}[;|&]|\bnc\s+-[a-z]{0,4}[el]|\bmkfifo\s|\bbase64\s+-d|\bchmod\s+[+0-7]{1,4}[\w]{0,3}\s|\$\{?IFS\}?|\bwget\s+https?:|\bcurl\s+(?:-\w+\s+){0,5}https?:|\/etc\/init\.d\b)/i,
  },
  {
    name: 'command_shellshock',
    family: 'command_injection',
    pattern: /\(\)\s{0,4}\{\s{0,4}[:;_]?[^}]{0,20};?\s{0,4}\}\s{0,3}[;>]/,
  },
  {
    name: 'command_code',
    family: 'command_injection',
    pattern:
      /(?:\b(?:system|exec|shell_exec|passthru|popen|proc_open|pcntl_exec|assert|spawn|execSync|spawnSync|Kernel\.\w{2,10}|Runtime\.getRuntime|ProcessBuilder|os\.(?:system|popen)|subprocess\.\w{2,12}|child_process|__import__|IO\.popen)\s{0,3}(?:\(\s{0,3}[)"'`$\\/\d]|\s["'`][/\w])|%x\s{0,2}[({[]['"`\w]|@\{\[\s{0,3}system\b|\beval\s{0,2}\(\s{0,2}["'`]|\brequire\s{0,2}\(\s{0,2}['"](?:child_process|fs|vm|net)\b|\bphpinfo\s{0,2}\()/i,
  },
  {
    name: 'command_lookup',
    family: 'command_injection',
    pattern: /\$\{[^}]{0,80}(?:jndi|lower|upper|env|sys|java|script|ctx)\s{0,2}:/i,
  },

  // Markup entities, templates, queries, headers
  {
    name: 'xml_entity',
    family: 'xml_injection',
    pattern:
      /<!\s{0,3}(?:DOCTYPE\b[^>]{0,300}\[|ENTITY\b|ELEMENT\b)|<xi:include\b|<!DOCTYPE\b[^>]{0,200}\b(?:SYSTEM|PUBLIC)\s+["'](?:file|http|php|expect)/i,
  },
  {
    name: 'template_expression',
    family: 'template_injection',
    pattern:
      /(?:\{\{|\$\{|#\{|<%=?|\*\{|@\()\s{0,5}(?:\d{1,10}\s{0,3}[*+/-]\s{0,3}['"]?\d|[^}%\n]{0,120}(?:__\w{3,20}__|\bconfig\b\s{0,3}[.}|]|\bself\b\s{0,3}[.}]|\brequest\b\s{0,3}[.|[]|\bgetClass\b|\bT\s{0,2}\(|\bconstructor\b|\bprocess\b\.|\bglobal\b\.|\bsystem\b|\blipsum\b|\bcycler\b|\.mro\b|\|\s{0,3}(?:attr|safe|join)\b))/i,
  },
  {
    name: 'template_dunder',
    family: 'template_injection',
    pattern: /\b__(?:class|mro|subclasses|globals|builtins|import|init|proto)__\b/,
  },
  {
    name: 'query_operator',
    family: 'query_injection',
    pattern:
      /(?:["'{[]|^)\s{0,3}\$(?:where|ne|eq|gt|gte|lt|lte|in|nin|regex|exists|expr|or|and|not|elemMatch|function|accumulator)\b["']?\s{0,3}[\]:]/i,
  },
  {
    name: 'query_directory',
    family: 'query_injection',
    pattern:
      /(?:\*\)|\)\s{0,2}|^)\(\s{0,2}[|&!]\s{0,2}\(|\*\)\s{0,2}\(\s{0,2}\w{1,30}\s{0,2}=|\)\s{0,2}\(\s{0,2}\w{1,30}\s{0,2}=\s{0,2}\*/,
  },
  {
    name: 'query_path',
    family: 'query_injection',
    pattern:
      /['"\]]\s{0,3}(?:or|\|)\s{0,3}(?:count\s{0,2}\(|name\s{0,2}\(|string-length\s{0,2}\(|\/\/\*|\/\*\[)/i,
  },
  {
    name: 'header_split',
    family: 'header_injection',
    pattern:
      /[\r\n]{1,4}\s{0,3}(?:set-cookie|location|content-(?:type|length)|transfer-encoding|x-[a-z-]{2,30}|http\/1\.[01]|bcc|cc|to|subject)\s{0,3}[: ]/i,
    in: ['header', 'url', 'identifier', 'email'],
  },
  {
    name: 'header_line_break',
    family: 'header_injection',
    pattern: /[\r\n\u0000]/,
    in: ['header', 'identifier', 'email', 'url'],
  },
];
