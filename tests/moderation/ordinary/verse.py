"""Old verse, free of rights, line by line and in stanzas; with the death, love and animals that verse is full of."""

from __future__ import annotations

import random
from collections.abc import Iterator
from itertools import pairwise

# Blake, Dickinson, Donne, Keats, Marvell, Poe, Shakespeare, Tennyson, Whitman, Wordsworth; Li Bai, Wang Wei, Du Fu.
_LINES = """\
Tyger Tyger, burning bright, In the forests of the night;
What immortal hand or eye, Could frame thy fearful symmetry?
Because I could not stop for Death, He kindly stopped for me;
The carriage held but just ourselves And Immortality.
Death, be not proud, though some have called thee
Mighty and dreadful, for thou art not so;
One short sleep past, we wake eternally,
And death shall be no more; Death, thou shalt die.
Had we but world enough and time, This coyness, lady, were no crime.
The grave's a fine and private place, But none, I think, do there embrace.
Once upon a midnight dreary, while I pondered, weak and weary,
Quoth the Raven "Nevermore."
To die, to sleep, No more; and by a sleep to say we end
The heart-ache and the thousand natural shocks
Shall I compare thee to a summer's day?
Rough winds do shake the darling buds of May,
My heart aches, and a drowsy numbness pains My sense,
Thou wast not born for death, immortal Bird!
Half a league, half a league, Half a league onward,
Into the valley of Death Rode the six hundred.
O Captain! my Captain! our fearful trip is done,
Fallen cold and dead.
I celebrate myself, and sing myself,
And what I assume you shall assume,
I wandered lonely as a cloud That floats on high o'er vales and hills,
When all at once I saw a crowd, A host, of golden daffodils;
The world is too much with us; late and soon,
Getting and spending, we lay waste our powers;
A little learning is a dangerous thing;
Cock a doodle doo! My dame has lost her shoe,
Pussy cat, pussy cat, where have you been?
Baa, baa, black sheep, have you any wool?
Who killed Cock Robin? I, said the Sparrow,
With my bow and arrow, I killed Cock Robin.
Ding dong bell, pussy's in the well.
Rock-a-bye baby, on the treetop,
床前明月光，疑是地上霜。
举头望明月，低头思故乡。
空山不见人，但闻人语响。
国破山河在，城春草木深。""".splitlines()


def messages(rng: random.Random) -> Iterator[str]:
    yield from _LINES
    for first, second in pairwise(_LINES):
        yield f"{first}\n{second}"
        yield f"> {first}\n> *{second}*"
