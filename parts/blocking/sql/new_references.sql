-- Manual references of the defects looked at that nobody has met before.
SELECT DISTINCT defect.manual_scheme, defect.manual_ref
FROM dirty_defect dirty
JOIN parts_defect defect ON defect.id = dirty.id
LEFT JOIN parts_manualreference known
    ON known.scheme = defect.manual_scheme AND known.ref = defect.manual_ref
WHERE defect.manual_ref <> '' AND known.id IS NULL
