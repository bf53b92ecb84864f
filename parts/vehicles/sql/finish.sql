-- What this round came to; then its tables go, so that the next round of the same transaction can make its own.
DROP TABLE mot_line, mot_line_test, mot_line_defect, mot_owner, mot_match, mot_merged, mot_plate, mot_left_out,
    mot_rejudge, mot_touched, mot_wanted, mot_test, mot_defect;
