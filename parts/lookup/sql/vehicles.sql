-- What is stored of each asked plate, as one JSON document per vehicle found: the vehicle, its defects, the repairs they
-- need, and the parts that meet each requirement. It is seen from the asked region (%(region)s), or where it is kept.
SELECT v.registration, clock.now, json_build_object(
    'vehicle_id', v.id,
    'registration', v.registration,
    'make', mk.name,
    'model', vm.name,
    'region', place.region,
    'kept_in', v.region,
    'first_used_on', v.first_used_on,
    'registered_on', v.registered_on,
    'manufactured_on', v.manufactured_on,
    'manufacture_year', v.manufacture_year,
    'first_mot_due_on', v.first_mot_due_on,
    'mot_expires_on', greatest(v.mot_expires_on, v.dvla_expires_on),
    'is_sorn', v.is_sorn,
    'is_dangerous', v.is_dangerous,
    'open_fails', v.open_fails,
    'last_tested_at', v.last_tested_at,
    'last_source', (SELECT t.source FROM parts_mottest t WHERE t.vehicle_id = v.id
                    ORDER BY t.completed_at DESC, t.id DESC LIMIT 1),
    'source_updated_at', v.source_updated_at,
    'stored_status', rs.status,
    'stored_since', rs.since,
    'changed_at', (SELECT max(bc.at) FROM parts_blockchange bc WHERE bc.vehicle_id = v.id),
    'defects', (
        SELECT coalesce(json_agg(json_build_object(
            'text', d.text,
            'category', d.category,
            'manual_ref', d.manual_ref,
            'is_failing', d.is_failing,
            'kind', coalesce(rk.name, mapped.name),
            'position', rp.position,
            'needs_nothing', coalesce(rn.needs_nothing, mapped.needs_nothing, false),
            'repair_id', rp.id,
            'masks', CASE WHEN rd.repair_id IS NOT NULL THEN json_build_array(
                rd.ready, rd.possible, rd.parts_ready, rd.parts_possible, rd.parts_stocked,
                rd.identify, rd.diagnostics, rd.programming) END,
            'requirements', (
                SELECT coalesce(json_agg(json_build_object(
                    'name', q.name,
                    'quantity', q.quantity,
                    -- With the ranges known here, the VIN tells which part fits; without the VIN, nobody can.
                    'by_vin', q.by_vin OR (rn.split = 0 AND EXISTS (
                        SELECT FROM parts_requirementoption o
                        WHERE o.requirement_id = q.id AND (o.serial_from <> '' OR o.serial_to <> '')
                    )),
                    'options', (
                        SELECT coalesce(json_agg(json_build_object(
                            'part_id', o.part_id,
                            'quantity', o.quantity,
                            'bundle', o.bundle,
                            'part_number', pn.raw,
                            'brand', b.name,
                            'description', p.description,
                            'grade', p.grade
                        ) ORDER BY p.grade = 'genuine' DESC, o.bundle NULLS FIRST, pn.raw), '[]')
                        FROM (
                            SELECT DISTINCT fitting.part_id, fitting.quantity, fitting.bundle
                            FROM parts_requirementoption fitting
                            LEFT JOIN parts_repairsplit split ON split.repair_id = rp.id AND split.number = rn.split
                            WHERE fitting.requirement_id = q.id
                                AND (split.number IS NULL OR fitting.serial_from <= split.starts_at)
                                AND (split.number IS NULL OR fitting.serial_to = ''
                                    OR fitting.serial_to >= split.starts_at)
                        ) o
                        JOIN parts_part p ON p.id = o.part_id
                        JOIN parts_brand b ON b.id = p.brand_id
                        JOIN parts_partnumber pn ON pn.part_id = p.id AND pn.is_main
                    )
                ) ORDER BY q.id), '[]')
                FROM parts_requirement q WHERE q.repair_id = rp.id
            )
        ) ORDER BY d.is_failing DESC, d.id), '[]')
        FROM parts_defect d
        LEFT JOIN parts_repairneed rn ON rn.defect_id = d.id
        LEFT JOIN parts_repair rp ON rp.id = rn.repair_id
        LEFT JOIN parts_repairkind rk ON rk.id = rp.kind_id
        LEFT JOIN parts_readiness rd ON rd.repair_id = rp.id AND rd.split = rn.split
        LEFT JOIN parts_manualreference mr ON mr.scheme = d.manual_scheme AND mr.ref = d.manual_ref
        LEFT JOIN parts_repairkind mapped ON mapped.id = mr.kind_id
        WHERE d.vehicle_id = v.id
    )
)::text
FROM parts_vehicle v
CROSS JOIN LATERAL (SELECT coalesce(%(region)s::smallint, v.region) AS region) place
LEFT JOIN parts_engineclock clock ON true
LEFT JOIN parts_vehiclemodel vm ON vm.id = v.model_id
LEFT JOIN dealers_make mk ON mk.id = vm.make_id
LEFT JOIN parts_repairstatus rs ON rs.vehicle_id = v.id
WHERE v.registration = ANY(%(registrations)s::text[])
