"""The pronunciations of words that are spelled alike, in the order their rule names them."""

WORDS = """
verb use      Y UW1 S | Y UW1 Z
verb abuse    AH0 B Y UW1 S | AH0 B Y UW1 Z
verb misuse   M IH0 S Y UW1 S | M IH0 S Y UW1 Z
verb excuse   IH0 K S K Y UW1 S | IH0 K S K Y UW1 Z
verbs houses  HH AW1 Z IH0 Z | HH AW1 Z IH0 Z
verb house    HH AW1 S | HH AW1 Z
verb record   R EH1 K ER0 D | R IH0 K AO1 R D
verb present  P R EH1 Z AH0 N T | P R IY0 Z EH1 N T
verb object   AA1 B JH EH0 K T | AH0 B JH EH1 K T
verb project  P R AA1 JH EH0 K T | P R AH0 JH EH1 K T
verb subject  S AH1 B JH IH0 K T | S AH0 B JH EH1 K T
verb conduct  K AA1 N D AH0 K T | K AH0 N D AH1 K T
verb conflict K AA1 N F L IH0 K T | K AH0 N F L IH1 K T
verb contest  K AA1 N T EH0 S T | K AH0 N T EH1 S T
verb contract K AA1 N T R AE2 K T | K AH0 N T R AE1 K T
verb contrast K AA1 N T R AE0 S T | K AH0 N T R AE1 S T
verb_default convert  K AA1 N V ER0 T | K AH0 N V ER1 T
verb convict  K AA1 N V IH0 K T | K AH0 N V IH1 K T
verb desert   D EH1 Z ER0 T | D IH0 Z ER1 T
verb_default digest   D AY1 JH EH0 S T | D AY0 JH EH1 S T
verb export   EH1 K S P AO0 R T | IH0 K S P AO1 R T
verb import   IH1 M P AO2 R T | IH2 M P AO1 R T
verb_default extract  EH1 K S T R AE2 K T | IH0 K S T R AE1 K T
verb increase IH1 N K R IY2 S | IH0 N K R IY1 S
verb decrease D IY1 K R IY2 S | D IH0 K R IY1 S
verb insult   IH1 N S AH2 L T | IH2 N S AH1 L T
verb intern   IH1 N T ER0 N | IH0 N T ER1 N
verb_default invite   IH1 N V AY0 T | IH2 N V AY1 T
verb_default permit   P ER1 M IH2 T | P ER0 M IH1 T
verb_default produce  P R OW1 D UW0 S | P R AH0 D UW1 S
verb progress P R AA1 G R EH2 S | P R AH0 G R EH1 S
verb protest  P R OW1 T EH2 S T | P R AH0 T EH1 S T
verb rebel    R EH1 B AH0 L | R IH0 B EH1 L
verb refund   R IY1 F AH2 N D | R IH0 F AH1 N D
verb_default refuse   R EH1 F Y UW2 Z | R AH0 F Y UW1 Z
verb suspect  S AH1 S P EH2 K T | S AH0 S P EH1 K T
verb_default transfer T R AE1 N S F ER0 | T R AE0 N S F ER1
verb transport T R AE1 N S P AO0 R T | T R AE0 N S P AO1 R T
verb_default upset    AH1 P S EH2 T | AH0 P S EH1 T
verb estimate EH1 S T AH0 M AH0 T | EH1 S T AH0 M EY2 T
verb separate S EH1 P ER0 IH0 T | S EH1 P ER0 EY2 T
verb duplicate D UW1 P L AH0 K AH0 T | D UW1 P L AH0 K EY2 T
verb delegate D EH1 L AH0 G AH0 T | D EH1 L AH0 G EY2 T
verb graduate G R AE1 JH AH0 W AH0 T | G R AE1 JH AH0 W EY2 T
verb associate AH0 S OW1 S IY0 AH0 T | AH0 S OW1 S IY0 EY2 T
verb advocate AE1 D V AH0 K AH0 T | AE1 D V AH0 K EY2 T
verb alternate AO1 L T ER0 N AH0 T | AO1 L T ER0 N EY2 T
verb moderate M AA1 D ER0 AH0 T | M AA1 D ER0 EY2 T
verb deliberate D IH0 L IH1 B ER0 AH0 T | D IH0 L IH1 B ER0 EY2 T
verb elaborate IH0 L AE1 B R AH0 T | IH0 L AE1 B ER0 EY2 T
verb appropriate AH0 P R OW1 P R IY0 AH0 T | AH0 P R OW1 P R IY0 EY2 T
verb approximate AH0 P R AA1 K S AH0 M AH0 T | AH0 P R AA1 K S AH0 M EY2 T
verb coordinate K OW0 AO1 R D AH0 N AH0 T | K OW0 AO1 R D AH0 N EY2 T
verb document D AA1 K Y AH0 M AH0 N T | D AA1 K Y AH0 M EH2 N T
verb perfect  P ER1 F IH2 K T | P ER0 F EH1 K T
verb frequent F R IY1 K W AH0 N T | F R IY0 K W EH1 N T
verb absent   AE1 B S AH0 N T | AE0 B S EH1 N T
content content  K AA1 N T EH0 N T | K AH0 N T EH1 N T
close close   K L OW1 S | K L OW1 Z
read read     R IY1 D | R EH1 D
live live     L IH1 V | L AY1 V
lead lead     L IY1 D | L EH1 D
wind wind     W IH1 N D | W AY1 N D
tear tear     T IH1 R | T EH1 R
bow bow       B OW1 | B AW1
minute minute M IH1 N AH0 T | M AY0 N UW1 T
wound wound   W UW1 N D | W AW1 N D
dove dove     D AH1 V | D OW1 V
sow sow       S OW1 | S AW1
used used     Y UW1 Z D | Y UW1 S T
lives lives   L AY1 V Z | L IH1 V Z
verb_default resume R EH1 Z AH0 M EY2 | R IH0 Z UW1 M
does does     D AH1 Z | D OW1 Z
bass bass     B EY1 S | B AE1 S
invalid invalid IH0 N V AE1 L AH0 D | IH1 N V AH0 L AH0 D
verb address  AE1 D R EH2 S | AH0 D R EH1 S
verb attribute AE1 T R AH0 B Y UW2 T | AH0 T R IH1 B Y UW0 T
verb_default combine K AA1 M B AY0 N | K AH0 M B AY1 N
verb console  K AA1 N S OW0 L | K AH0 N S OW1 L
verb compound K AA1 M P AW0 N D | K AH0 M P AW1 N D
verb_default construct K AA1 N S T R AH0 K T | K AH0 N S T R AH1 K T
verb affiliate AH0 F IH1 L IY0 AH0 T | AH0 F IH1 L IY0 EY2 T
verb_default animate AE1 N AH0 M AH0 T | AE1 N AH0 M EY2 T
verb intimate IH1 N T AH0 M AH0 T | IH1 N T AH0 M EY2 T
verb subordinate S AH0 B AO1 R D AH0 N AH0 T | S AH0 B AO1 R D AH0 N EY2 T
verb upgrade  AH1 P G R EY2 D | AH0 P G R EY1 D
verb survey   S ER1 V EY2 | S ER0 V EY1
verb torment  T AO1 R M EH2 N T | T AO0 R M EH1 N T
verb diffuse  D IH0 F Y UW1 S | D IH0 F Y UW1 Z
"""
"""A line a word: the rule in `homographs` that chooses, the word, its first and its second pronunciation."""
