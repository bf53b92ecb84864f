-- Whether the needs of failing defects are those of the defects there are: as many, and the same pairs by checksum.
-- Much cheaper than comparing each; it tells needs that were lost, emptied or restored from another time.
SELECT
    (SELECT (count(*), bit_xor(hashint8extended(id, vehicle_id))) FROM parts_defect
     WHERE is_failing
        AND id NOT IN (SELECT dirty.id FROM dirty_defect dirty)  -- only dirty
    )
    IS NOT DISTINCT FROM
    (SELECT (count(*), bit_xor(hashint8extended(defect_id, vehicle_id))) FROM parts_repairneed
     WHERE is_failing
        AND defect_id NOT IN (SELECT dirty.id FROM dirty_defect dirty)  -- only dirty
    )
