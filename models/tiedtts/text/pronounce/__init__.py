"""Words to phones: lexicons, rules of word formation, homographs and letter-to-sound prediction."""
