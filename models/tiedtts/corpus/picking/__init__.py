"""The choice of texts to read out: few that cover sounds and ways of speaking as well as many would."""
