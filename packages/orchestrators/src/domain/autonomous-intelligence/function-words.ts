/**
 * Words that carry grammar and no subject, by ISO 639-3 code, in lower case: articles, pronouns, prepositions,
 * conjunctions, the forms of "to be", "to have" and the modal verbs, and the commonest adverbs. Norwegian stands for Bokmål.
 */
const LISTS: Readonly<Record<string, string>> = {
  eng:
    'the of and to a in is it you that he was for on are with as i his they be at this have from or had by but not what ' +
    'all were we when your can there an each which she do how their if will up about out many then them these so some ' +
    'her would him has more no could been its who now than did over only after also where most into our other because',
  deu:
    'aber alle allem allen aller alles als also am an andere anderem anderen anderer anderes auch auf aus bei beim bereits ' +
    'besser bin bis bist da dabei dadurch dafür dagegen damit danach dann daran darauf darf darin darüber darum das dass ' +
    'davon dazu dein deine dem den denen denn dennoch der deren des deshalb dessen die dies diese diesem diesen dieser dieses ' +
    'doch dort du durch dürfen eben ein eine einem einen einer eines einige einigen einmal er erst es etwa etwas euch euer ' +
    'für ganz gar gegen gehabt geht gerade gern gewesen geworden gibt ging hab habe haben hat hatte hatten hätte hätten hier ' +
    'hin hinter ich ihm ihn ihnen ihr ihre ihrem ihren ihrer im immer in indem ins ist ja jede jedem jeden jeder jedes jedoch ' +
    'jener jetzt kann kannst kein keine keinem keinen keiner können könnte könnten lassen lässt macht mal man ' +
    'manche mehr mein meine meinem meinen meiner meist mich mir mit möchte müssen muss musste musst nach nachdem neben nicht ' +
    'nichts nie niemand noch nun nur ob oben oder oft ohne schon sehr sei seien sein seine seinem seinen seiner seit selbst ' +
    'sich sie sind so sogar solche solchen soll sollen sollte sollten sondern sonst soweit sowie sowohl über um und uns unser ' +
    'unsere unserem unseren unserer unter viel viele vielen vielleicht vom von vor wann war waren warum was weder weil weiter ' +
    'weitere weiteren weiterer welche welchen welcher welches wenig weniger wenn wer werde werden weshalb wie wieder will wir ' +
    'wird wirklich wo wollen wollte wurde wurden würde würden während zu zum zur zwar zwischen',
  fra:
    'afin ai ainsi alors après as au aucun aucune aujourd aussi autre autres aux avaient avais avait avant avec avoir ayant ' +
    'beaucoup bien car ce ceci cela celle celles celui cependant ces cet cette ceux chaque chez comme comment dans de depuis ' +
    'des dès devant doit doivent donc dont du elle elles en encore entre es est et étaient étais était été êtes être eu eux ' +
    'faire fait faut font hors ici il ils jamais je jusque la là laquelle le lequel les lesquels leur leurs lors lorsque lui ma ' +
    'mais malgré me même mêmes mes mien moi moins mon ne ni non nos notre nous on ont ou où par parce parfois parmi pas pendant ' +
    'permet permettent peu peut peuvent plus plusieurs plutôt pour pourquoi pourtant pouvez pouvoir près presque puis puisque ' +
    'qu quand que quel quelle quelles quelque quelques quels qui quoi rien sa sans sauf se selon sera seront serait ses seul ' +
    'seulement si soit sommes son sont sous souvent suis sur surtout ta tandis tant te tel telle telles tels tes toi ton toujours ' +
    'tous tout toute toutefois toutes très trop tu un une vers veut voici voilà vos votre voulez vous vraiment était',
  spa:
    'acerca además ahora al algo alguien algún alguna algunas alguno algunos allí ambos ante antes aquel aquella aquellos aquí ' +
    'así aún aunque bajo bien cada casi como cómo con contra cual cuál cuales cualquier cuando cuándo cuanto de debe deben ' +
    'del dentro desde después donde dónde durante el él ella ellas ello ellos en entonces entre era eran eres es esa esas ese eso ' +
    'esos está estaba estaban estamos están estar estas este esto estos estoy fue fueron fuera había habían haber hace hacen ' +
    'hacer hacia han has hasta hay haya he hemos hizo incluso la las le les lo los luego mas más me menos mi mientras mis mismo ' +
    'misma mismos mucha muchas mucho muchos muy nada nadie ni ningún ninguna no nos nosotros nuestra nuestras nuestro nuestros ' +
    'nunca o os otra otras otro otros para parece pero poco por porque pudo puede pueden pues que qué quien quién quienes quiere ' +
    'se sea sean según ser será si sí sido siempre sin sino sobre sólo solo solamente somos son soy su sus suyo también tampoco ' +
    'tan tanto te tenemos tener tenía tiene tienen toda todas todavía todo todos tras tu tus un una unas uno unos usted ustedes ' +
    'va vamos van varias varios vez veces y ya yo',
  ita:
    'abbiamo ai agli al alcune alcuni alla alle allo allora altra altre altri altro anche ancora appena avere aveva avevano bene ' +
    'che chi ci ciò cioè circa coi col come con contro così cui da dagli dai dal dalla dalle dallo degli dei del della delle dello ' +
    'dentro deve devono di dopo dove dovrebbe dunque durante e è ed era erano essa esse essere essi fa fare fatto fino fra già ' +
    'gli ha hai hanno ho i il in infatti inoltre insieme io la lei li lo loro lui ma mai meglio meno mentre mi mia mie miei mio molta ' +
    'molte molti molto ne negli nei nel nella nelle nello nessun nessuna nessuno niente noi non nostra nostre nostri nostro nulla o ' +
    'ogni oltre oppure ora per perché perciò però più poco poi poiché possiamo possono prima proprio può puoi qualche qualcosa ' +
    'qualcuno quale quali quando quanto quella quelle quelli quello questa queste questi questo qui quindi sarà se sei sempre senza ' +
    'si sia siamo siano solo sono sopra soprattutto sotto sta stanno stata stati stato stesso stessa su sua sue sugli sui sul ' +
    'sulla sulle suo suoi tra troppo tutta tutte tutti tutto un una uno verso vi viene vengono voi vostro',
  por:
    'à agora ainda além algo alguém algum alguma algumas alguns ali ambos ante antes ao aos apenas após aquela aquelas aquele ' +
    'aqueles aqui aquilo as às assim até através bem cada com como contra da das de dela delas dele deles depois desde dessa desse ' +
    'desta deste deve devem disso do dos durante e é ela elas ele eles em embora enquanto então entre era eram essa essas esse ' +
    'esses esta está estão estas estava estavam este estes estamos estar eu faz fazem fazer foi for foram há isso isto já lá lhe ' +
    'logo mais mas me meio menos mesma mesmo mesmos meu meus minha minhas muita muitas muito muitos na nada não nas nela nele nem ' +
    'nenhum nenhuma nessa nesse nesta neste ninguém no nos nós nossa nossas nosso nossos num numa nunca o onde os ou outra outras ' +
    'outro outros para pela pelas pelo pelos pode podem pois por porém porque pouco qual qualquer quais quando ' +
    'quanto que quem são se seja sejam sem sempre sendo ser será seu seus só sob sobre sua suas também tanto te tem têm temos tenho ' +
    'ter tinha tinham toda todas todo todos tudo um uma umas uns vai vão vez você vocês',
  nld:
    'aan achter al alle alleen alles als altijd ander andere anderen beide ben bij binnen boven daar daarom dan dat de deze die dit ' +
    'doen door dus echter een eens eerst en er ergens even geen geweest geworden goed had hadden heb hebben heeft heel hem hen het ' +
    'hier hij hoe hun iemand iets ieder iedere iedereen ik in is ja je jij jou jouw jullie kan konden kon kunnen kunt later liever ' +
    'maar maken me meer meest men met mij mijn minder misschien moet moeten moest mogen na naar naast net niemand niet niets nog nooit ' +
    'nu of om omdat onder ons onze ook op over pas reeds samen sinds slechts soms steeds tegen terwijl toch toen tot tussen u uit ' +
    'uw van vaak vanaf veel verder via volgens voor vooral waar waarom waren was wat we weer weg wel welke werd werden wie wij wil ' +
    'willen worden wordt zal ze zeer zelf zich zij zijn zo zoals zonder zou zouden zulke',
  swe:
    'aldrig alla allt alltid alltså andra annan annat att av bara behöver bland blev bli blir blivit borde både båda de dem den denna ' +
    'deras dess dessa det detta dig din dina ditt dock du där därför då efter eftersom ej eller en endast er ett fick finns fram från ' +
    'få får för före första genom gjorde gör göra ha hade han hans har henne hennes hon honom hos hur här i icke igen in inga ingen ' +
    'inget ingenting innan inom inte istället ja jag kan kanske knappast kom kommer kunde kunna lite man med medan mellan men mer ' +
    'mest mig min mina mitt mot mycket måste ner nu något någon några nog när nära och också om oss på redan samma samt se sedan ' +
    'ses sig sin sina sitt själv ska skall skulle snart som så sådan sådana till tills trots under upp ut utan utom vad var vara varför ' +
    'varit varje vart vem vi vid vidare vilka vilken vilket vill väl än ändå även är åt över',
  dan:
    'ad af aldrig alle allerede alligevel alt altid anden andet andre at bare begge blandt blev blevet blive bliver burde bør da de dem ' +
    'den denne der deres derfor det dette dig din dine disse dit dog du efter ej eller en end endnu er et fik flere for fordi forbi ' +
    'fra få får før først gennem gik gør gøre går ham han hans har havde have hen hende hendes her hos hun hvad hvem hver hvilke hvilken ' +
    'hvis hvor hvordan hvorfor hvornår i ikke ind ingen intet ja jeg jer jeres kan kom kommer kun kunne lidt lige man mange med meget ' +
    'mellem men mens mere mig min mindre mine mit mod må måske måtte ned nej noget nogen nogle nu når næsten og også om op os over på ' +
    'samme samt selv ses siden sig sin sine sit skal skulle som så sådan til ud uden under ved vi vil ville vor vores være været',
  nob:
    'aldri alle allerede alltid alt altså andre annen annet at av bare begge ble blant bli blir blitt bør bort både da de deg dem den ' +
    'denne der deres derfor dere det dette din disse du dersom eller en enda enn er et etter fikk flere for fordi forbi fra få får før ' +
    'først gjennom gjorde gjør gjøre gå går ha hadde han hans har henne hennes her hos hun hva hvem hver hvert hvilke hvilken hvis hvor ' +
    'hvordan hvorfor i ikke ingen ingenting inn innen ja jeg kan kanskje kom kommer kun kunne lenge litt man mange med meg meget mellom ' +
    'men mens mer mest min mindre mot mye må måtte ned nei noe noen nok nå når nær nesten og også om opp oss over på samme samt seg selv ' +
    'ser siden sin sine sitt skal skulle slik som så til under uten ut var vår ved vel vi vil ville være vært',
  fin:
    'aina ainakin edes ehkä ei eikä eivät emme en enemmän enää ennen että hän hänen häntä he heidän heille heitä hyvin ihan ilman itse ' +
    'ja jo joka jonka jonkin jos joskus jossa jota jotka jotta jälkeen kaikki kaikkien kaiken kanssa kautta kerran koko koska ' +
    'kuin kuinka kuitenkin kukaan kun kuten kyllä lähes lisäksi me meidän meille melko mikä mikään minkä minun minut minä missä miten ' +
    'mitä mitään moni monet mukaan mutta muu muut myös ne niiden niin niitä nuo nyt näiden näin näitä nämä ole olemme olen olet oli ' +
    'olisi olivat olla ollut on ovat paljon sekä sen siellä sillä silloin siis siinä siitä siksi sinun sinä sitten sitä tai ' +
    'tämä tämän tässä tästä tätä te teidän tuo tulee tällä täällä vaan vai vaikka vain vielä voi voidaan voisi voivat vähän yli',
  pol:
    'aby albo ale ani bardziej bardzo bez będą będzie bo być był była było były chce chociaż ci co coś czy czyli dla dlaczego dlatego do ' +
    'dopiero dużo gdy gdyby gdzie go i ich ile im innych inne inny iż ja jak jaka jakby jaki jakie jako je jednak jeden jego jej ' +
    'jemu jest jestem jeśli jeszcze jeżeli już każdy kiedy kilka kto która które którego której który których którym którzy lecz lub ma ' +
    'mają mam między mnie mogą może można mój mu musi my na nad nam nami nas nasz nasze nawet nic nich nie niego niej nigdy nim niż ' +
    'o obok od około on ona one oni ono oraz po pod podczas ponieważ poza prawie przed przede przez przy raz również są sam się ' +
    'skąd sobie swoich swoje sposób tak taka taki takich takie także tam te tego tej ten też to tobie tu tutaj twój ty tych tylko tym u w ' +
    'wam wami was we więc większość według wiele wszystkich wszystkie wszystko właśnie z za zawsze ze że żeby został została zostały',
  ces:
    'aby ale ani asi až bez bude budou by byl byla bylo byli byly být co což další dnes do i ihned já jak jako jaké jaký je jeden ' +
    'jedna jedno jeho jej její jejich jen ještě jenž ji jiné již jsem jsi jsme jsou jste k kam kde kdo kdy když který která které kteří ' +
    'kterou kterých ke mají máme mezi mi mít mnoho mohou moc může my na nad nám námi naše náš ne nebo nebyl něco něm není nic nich nim ' +
    'než od on ona oni po pod podle pokud pouze potom pro proč proto protože před přes při s se si skoro své svých svou ta tady tak ' +
    'také takže tam tato tedy ten tento této to tohle toho tom tomto tomu toto tu tyto u už v vám vás váš ve velmi však všech všechno ' +
    'všichni vždy z za zda zde ze že',
  rus:
    'а без более больше будет будто будут будем бы был была были было быть в вам вас весь вдруг ведь во вообще вот впрочем все всегда всего ' +
    'всех всю вы где да даже два для до другой других другие если есть еще ещё ее её ж же за зачем здесь и из или им иногда ' +
    'их к каждый как какая какой когда конечно которая которого которое которой которые который которых кто куда ли либо лишь лучше между ' +
    'меня мне много может можно мой моя мы на над надо наконец нам нас наш не него нее ней нельзя нет ни нибудь никогда никто ним них ничего ' +
    'но ну о об один однако он она они оно опять от очень перед по под пока после потом потому почему почти при про просто раз разве с сам ' +
    'самый самого свою своей свой своих себе себя сегодня сейчас со совсем так также такая такие такого такой там тебе тебя тем теперь то ' +
    'тогда того тоже той только том тот тут туда ты у уж уже хоть хотя чего чей чем через что чтоб чтобы чуть эта эти этих это этого этой ' +
    'этом этот эту я',
  ukr:
    'а або аби адже але багато без був була були було бути в вам вас ваш вже від він вона вони воно все всі всіх всього ви де дуже для до ' +
    'є же з за завжди зараз зі і із інше інші інших й його йому її їй їм їх кожен коли котрий крім куди лише мабуть має мають мене мені між ' +
    'мій може можна можуть моя ми на навіть навіщо над нам нас наш не нехай неї ним них ні ніколи ніхто нічого ну о однак отже по під після ' +
    'поки потім потрібно при про проте раз свій своєї своїх своє себе сама саме сам собі та так така також таке такий таких там тебе теж ' +
    'тепер ти тим тих то тобі тоді того той тому треба тут туди у хоча хто це цей цього цьому ця цих ці час через чи чого чому що щоб ще щось ' +
    'я як яка який яких якого якщо які',
  tur:
    'acaba ama ancak artık aslında ayrıca bana bazı belki ben benim beri bile bir biraz birçok biri birkaç birlikte biz bize bizim böyle ' +
    'böylece bu buna bunda bundan bunlar bunu bunun burada bütün çok çünkü da daha dahi de defa değil diğer diye dolayı dolayısıyla eğer en ' +
    'fakat gibi göre hala halde hangi hatta hem henüz hep hepsi her herkes hiç hiçbir için ile ilgili ise işte kadar karşı kendi kendine ' +
    'kendisi ki kim kimse mı mi mu mü nasıl ne neden nedenle nerede niçin niye o olan olarak oldu olduğu olduğunu olduklarını olmak olması ' +
    'olmayan olsa olup olur ona ondan onlar onları onların onu onun orada öyle oysa pek rağmen sadece sanki sen senin siz sonra şey şeyler ' +
    'şimdi şöyle şu tarafından tüm üzere var vardı ve veya ya yani yapılan yapmak yine yok yoksa zaten',
};

const SETS: ReadonlyMap<string, ReadonlySet<string>> = new Map(
  Object.entries(LISTS).map(([language, words]) => [language, new Set(words.split(' '))]),
);

/** Languages of {@link functionWordsOf}, ISO 639-3. */
export const FUNCTION_WORD_LANGUAGES: readonly string[] = Object.keys(LISTS);

/**
 * The function words of a language, in lower case; nothing for a language without a list.
 *
 * @param language ISO 639-3 code
 */
export function functionWordsOf(language: string): ReadonlySet<string> | undefined {
  return SETS.get(language);
}
