"""The rules that a new site begins with: clear threats, self-harm, and the like, in English and Chinese.

Few and narrow on purpose: a rule fires without knowing context, so each one asks for more than a single word. What is
doubtful has a score that flags; what is plain has one that blocks. Sites add their own in the admin.
"""

from __future__ import annotations

from typing import Final

PLAIN: Final = 0.95
DOUBTFUL: Final = 0.7

_YOU = r"(you|u|ya|your (whole )?(family|mother|mom|father|dad|kids|children|wife|husband|parents|sister|brother))"
_GOING_TO = r"(will|'ll|shall|am going to|'m going to|am gonna|'m gonna|gonna|want to|wanna)"
_GROUPS = (
    r"(jews|muslims|christians|hindus|blacks|black people|whites|white people|asians|arabs|immigrants|refugees|gays|"
    r"gay people|lesbians|trans people|women|disabled people)"
)

# kind, pattern, label, score
RULES: Final[tuple[tuple[str, str, str, float], ...]] = (
    # threats
    (
        "regex",
        rf"\b(i|we) ?{_GOING_TO} (fucking )?(kill|murder|stab|shoot|strangle|behead|rape|gut|burn) {_YOU}\b",
        "threat",
        PLAIN,
    ),
    ("regex", r"\b(i|we) (hope|pray|wish) (that )?(you|u) (die|get (killed|raped|cancer|shot))\b", "threat", PLAIN),
    ("regex", r"\b(you|u) (deserve|need|ought) to (die|be (killed|shot|raped|hanged))\b", "threat", PLAIN),
    ("regex", r"\bi know where (you|u) (live|sleep)\b", "threat", DOUBTFUL),
    (
        "regex",
        r"\b(i'?ll|i will|i'm going to|i'm gonna) (beat|smash|cut|slit) (you|u|your (face|throat))\b",
        "threat",
        PLAIN,
    ),
    (
        "regex",
        r"我(一定|要|会|就|想|非得?|来){1,3}(亲手)?(杀|弄死|砍死|捅死|掐死|宰|整死)(了|掉)?(你|妳|你们|你全家)",
        "threat",
        PLAIN,
    ),
    ("phrase", "杀你全家", "threat", PLAIN),
    ("phrase", "杀了你全家", "threat", PLAIN),
    ("phrase", "弄死你", "threat", PLAIN),
    ("phrase", "砍死你", "threat", PLAIN),
    ("phrase", "捅死你", "threat", PLAIN),
    ("phrase", "让你不得好死", "threat", PLAIN),
    ("phrase", "我知道你住哪", "threat", DOUBTFUL),
    ("phrase", "我知道你家住哪", "threat", DOUBTFUL),
    # self-harm
    ("regex", r"\b(kill|hang|shoot|drown|off) (yourself|urself|yourselves)\b", "self_harm", PLAIN),
    ("regex", r"\bslit your wrists?\b", "self_harm", PLAIN),
    ("phrase", "kys", "self_harm", DOUBTFUL),
    (
        "regex",
        r"\b(kill(ing)?|hang(ing)?|shoot(ing)?|harm(ing)?|hurt(ing)?|cut(ting)?) myself\b",
        "self_harm",
        DOUBTFUL,
    ),
    (
        "regex",
        r"\b(i|we) (really |just )?(want|wanna|need|plan|decided) (to )?(die|commit suicide|end my life)\b",
        "self_harm",
        DOUBTFUL,
    ),
    ("regex", r"\b(end|take|ending|taking) my (own )?life\b", "self_harm", DOUBTFUL),
    (
        "regex",
        r"\b(best|easiest|painless|quickest|how to) (way |method |ways |methods )?(to |of |for )?"
        r"(commit(ting)? suicide|suicide method)",
        "self_harm",
        PLAIN,
    ),
    ("regex", r"你(怎么|为什么|咋)还?不(去)?(死|自杀)", "self_harm", PLAIN),
    ("regex", r"你?(赶紧|快|赶快|直接)(点)?去(死|自杀|跳楼)(吧|啊)?", "self_harm", PLAIN),
    (
        "regex",
        r"我(真的|好|很|就|只|现在){0,3}(想|要)(自杀|死了算了|跳楼|割腕|结束自己的生命|结束生命)",
        "self_harm",
        DOUBTFUL,
    ),
    ("regex", r"我(真的|已经)?不想活(了|下去)", "self_harm", DOUBTFUL),
    (
        "regex",
        r"(怎么|如何|怎样)(才能)?(无痛|快速|没有痛苦地?)?(地)?自杀|自杀(的)?(方法|方式)(大全|有哪些)",
        "self_harm",
        PLAIN,
    ),
    # hate against groups
    (
        "regex",
        rf"\b(kill|exterminate|gas|eradicate|deport|lynch) (all )?(the )?(of the )?{_GROUPS}\b",
        "identity_attack",
        PLAIN,
    ),
    (
        "regex",
        rf"\b{_GROUPS} (are|is) (all )?(just )?(vermin|subhumans?|parasites|animals|trash|filth|a disease|scum)\b",
        "identity_attack",
        PLAIN,
    ),
    (
        "regex",
        rf"\b{_GROUPS} (should|must|deserve to) (all )?(be (killed|shot|gassed|exterminated)|die)\b",
        "identity_attack",
        PLAIN,
    ),
    (
        "regex",
        r"(黑人|白人|犹太人|穆斯林|回族|女人|女性|同性恋|外地人|河南人|东北人|新疆人)(都|全)?(该死|去死|是(畜生|垃圾|人渣|蛀虫|寄生虫|劣等))",
        "identity_attack",
        PLAIN,
    ),
    # insults and obscenity (what the English classifiers know is left to them)
    ("regex", r"(操|肏|艹|草|日|干)(你|尼|妳)(妈|娘|吗|马|全家|祖宗)", "obscene", PLAIN),
    ("regex", r"(去|滚|日)你(妈|娘)的", "obscene", PLAIN),
    ("regex", r"你(妈|娘|全家)(都)?(死|炸)(了|光|绝)", "insult", PLAIN),
    ("regex", r"傻(逼|屄|比|b|叉)|煞笔|沙雕(东西|玩意)", "insult", PLAIN),
    (
        "regex",
        r"(你|他|她|这|那)(个|种|群|帮|们)?(真|就)?(是)?(个|一个)?(贱人|贱货|婊子|畜生|杂种|狗东西|人渣|脑残|智障|废物|王八蛋)",
        "insult",
        0.9,
    ),
    ("phrase", "狗娘养的", "insult", PLAIN),
    ("phrase", "王八蛋", "insult", DOUBTFUL),
    ("phrase", "婊子", "insult", DOUBTFUL),
    # sexual content with minors
    (
        "regex",
        r"\b(child|kiddie|kid|underage|preteen|toddler) (porn|porno|pornography|nudes?)\b",
        "sexual_explicit",
        DOUBTFUL,
    ),
    (
        "regex",
        r"\bsex with (a |an )?(child|children|minors?|kids?|toddlers?|underage|\d{1,2}.year.old)\b",
        "sexual_explicit",
        PLAIN,
    ),
    ("regex", r"(儿童|幼女|幼童|萝莉|未成年)(色情|裸照|淫秽)(片|视频|图片|小说|照片)?", "sexual_explicit", DOUBTFUL),
    # dangerous and illegal acts
    (
        "regex",
        r"\b(how (to|do i|can i|would i|do you)|steps to|instructions (to|for)|guide to|recipe for|teach me to) "
        r"(make|making|build|building|construct|assemble)? ?(a |an |the )?(homemade |working |small |cheap )?"
        r"(pipe bombs?|nail bombs?|car bombs?|bombs?|ieds?|explosives|molotovs?|nerve gas|sarin|ricin)\b",
        "illicit",
        0.9,
    ),
    (
        "regex",
        r"\b(how (to|do i|can i)|recipe for|teach me to) (make|cook|synthesi[sz]e|produce)?"
        r"( some)? ?(meth|methamphetamine|crack cocaine|heroin|fentanyl)\b",
        "illicit",
        0.9,
    ),
    (
        "regex",
        r"(怎么|如何|怎样|教我|在家)(自己|自制|亲手|在家){0,2}(做|制作|自制|制造|造|配制|合成|提炼)(一个|一枚|出|一些)?(土制)?(炸弹|炸药|毒品|冰毒|海洛因|毒气|沙林)",
        "illicit",
        0.9,
    ),
    # attacks on the instructions
    (
        "regex",
        r"\b(ignore|disregard|forget) (all |any )?(of )?(the |your |my )?(previous|prior|above|earlier|preceding)"
        r"( system)? (instructions?|prompts?|rules|messages|directions)\b",
        "prompt_attack",
        PLAIN,
    ),
    (
        "regex",
        r"\b(print|show|reveal|repeat|output|display) (me )?(your|the) "
        r"(full |entire |hidden |initial )?system (prompt|message|instructions)\b",
        "prompt_attack",
        DOUBTFUL,
    ),
    (
        "regex",
        r"(忽略|无视|忘记|忘掉)(掉)?(你)?(之前|以上|上面|前面|先前)(的)?(所有|全部|一切)?(的)?(指令|指示|提示|规则|设定|要求)",
        "prompt_attack",
        PLAIN,
    ),
    (
        "regex",
        r"(输出|显示|告诉我|打印|重复)(一下)?(你的)(完整)?系统(提示词|提示|指令|设定)",
        "prompt_attack",
        DOUBTFUL,
    ),
)
