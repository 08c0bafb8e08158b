/** The first screen: drop a file, see what it may hold, go on with an import of before. */

import { Trans, useLingui } from '@lingui/react'
import { useCallback, useEffect } from 'react'
import { useLocation } from 'wouter'

import { Heading } from '../../app/Heading'
import { pageData } from '../../app/pageData'
import { loadMessages } from '../../i18n/setup'
import { IMPORTS_URL } from '../api/calls'
import { knownQuota, type Staged } from '../api/upload'
import { DropZone } from '../file/DropZone'
import { FileRules } from '../file/FileRules'
import { bytesWords, faultWords } from '../file/faultWords'
import { UploadProgress } from '../file/UploadProgress'
import '../import.css'
import { RecentImports } from './RecentImports'
import { Refusal } from './Refusal'
import { useSending } from './useSending'

const { limits } = pageData
const TROUBLE_ID = 'upload-trouble'

export default function StartPage() {
  const { i18n } = useLingui()
  const [, navigate] = useLocation()
  const onStaged = useCallback(
    ({ uploadId }: Staged) => navigate(`/uploads/${uploadId}?step=look`),
    [navigate],
  )
  const { state, take, send, stop } = useSending(limits.max_file_bytes, onStaged)
  const isSending = state.step === 'sending'
  useEffect(() => {
    // The next page is fetched while the file is on its way.
    if (isSending) void Promise.all([import('../UploadPage'), loadMessages('import')])
  }, [isSending])
  const quota = knownQuota()
  return (
    <div className="start-page">
      <Heading title={i18n._({ id: 'import.start.title', message: 'Import people' })} />
      <p className="lead">
        <Trans
          id="import.start.lead"
          message="Bring people in from a spreadsheet. You see what will happen, and mend what is wrong, before anybody is created or invited."
        />
      </p>
      <div className="start-layout">
        <div>
          {state.step === 'sending' ? (
            <UploadProgress filename={state.file.name} sent={state.sent} onStop={stop} />
          ) : (
            <DropZone
              maxBytesWords={bytesWords(i18n, limits.max_file_bytes)}
              maxRows={limits.max_rows}
              describedBy={TROUBLE_ID}
              onFiles={take}
            />
          )}
          <div id={TROUBLE_ID} className="upload-trouble" role="alert">
            {state.step === 'fault' && <p className="message message-danger">{faultWords(i18n, state.fault)}</p>}
            {state.step === 'refused' && (
              <Refusal
                key={state.problem.code}
                file={state.file}
                problem={state.problem}
                onSend={(reading) => send(state.file, { ...state.reading, ...reading })}
              />
            )}
          </div>
          {quota !== null && (
            <p className="quota">
              <Trans
                id="import.start.quota"
                message="{remaining, plural, one {You can check # more file} other {You can check # more files}} for now, of {limit, number}."
                values={{ ...quota }}
              />
            </p>
          )}
        </div>
        <FileRules templateHref={`${IMPORTS_URL}/template`} />
      </div>
      <RecentImports />
    </div>
  )
}
