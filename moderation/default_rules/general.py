"""Clear threats, hate, insults in Chinese, sexual content with minors, dangerous acts."""

from __future__ import annotations

from typing import Final

from moderation.default_rules.scores import DOUBTFUL, PLAIN, Line

_YOU = r"(you|u|ya|your (whole )?(family|mother|mom|father|dad|kids|children|wife|husband|parents|sister|brother))"
_GOING_TO = r"(will|'ll|shall|am going to|'m going to|am gonna|'m gonna|gonna|want to|wanna)"
_GROUPS = (
    r"(jews|muslims|christians|hindus|blacks|black people|whites|white people|asians|arabs|immigrants|refugees|gays|"
    r"gay people|lesbians|trans people|women|disabled people)"
)

GENERAL: Final[tuple[Line, ...]] = (
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
)
